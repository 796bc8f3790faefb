import GooglePubSubSource
import Logging
import Loop
import Queue
import Redis
import RedisPubSubSource
import RedisSortedSetSource
import SQLiteSource
import Settings

/// The kinds of queues that ingest can read: one line each.
enum Sources {
    /// Checks the settings, before any connection or file is opened.
    static func check(_ settings: IngestSettings) throws(SettingsError) {
        let server = settings.server
        switch server.kind.descriptor.server {
        case .redis:
            do { _ = try RedisURL(server.redis.value) } catch { throw SettingsError(server.redisSource, error.reason) }
        case .sqlite, .googlePubSub: return
        }
    }

    /// The source of one queue.
    ///
    /// - Throws: `SettingsError` when there is no such kind here, or its settings make no sense.
    @PipelineActor
    static func make(
        _ queue: QueueSettings, _ settings: IngestSettings, logger: Logger
    ) throws -> any RequestSource {
        let server = settings.server
        switch server.kind {
        case .redisPubSub:
            return RedisPubSubSource(
                url: try RedisURL(server.redis.value), queue: queue,
                settings: RedisPubSubSettings(lease: settings.lease, deduplicate: server.deduplicates),
                logger: logger)
        case .sqlite:
            return SQLiteSource(path: server.sqlitePath, queue: queue.name, lease: settings.lease)
        case .redisSortedSet:
            return RedisSortedSetSource(
                url: try RedisURL(server.redis.value), queue: queue,
                settings: RedisSortedSetSettings(lease: settings.lease),
                logger: logger)
        case .googlePubSub:
            return try GooglePubSubSource(queue, server, logger: logger)
        }
    }
}
