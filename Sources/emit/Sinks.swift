import GooglePubSubSink
import Logging
import Loop
import Queue
import Redis
import RedisPubSubSink
import RedisSortedSetSink
import SQLiteSink
import Settings

/// The kinds of queues that emit can settle: one line each.
enum Sinks {
    /// Checks the settings, before any connection or file is opened.
    static func check(_ settings: EmitSettings) throws(SettingsError) {
        let server = settings.server
        switch server.kind.descriptor.server {
        case .redis:
            do { _ = try RedisURL(server.redis.value) } catch { throw SettingsError(server.redisSource, error.reason) }
        case .sqlite, .googlePubSub: return
        }
    }

    /// - Throws: `SettingsError` when there is no such kind here, or its settings make no sense.
    @PipelineActor
    static func make(_ server: QueueServerSettings, logger: Logger) throws -> any ResultSink {
        switch server.kind {
        case .redisPubSub:
            RedisPubSubSink(
                url: try RedisURL(server.redis.value), defaultChannel: server.resultDestination, queues: server.queues)
        case .sqlite: SQLiteSink(path: server.sqlitePath)
        case .redisSortedSet:
            RedisSortedSetSink(
                url: try RedisURL(server.redis.value), defaultList: server.resultDestination, queues: server.queues,
                logger: logger)
        case .googlePubSub:
            try GooglePubSubSink(server)
        }
    }
}
