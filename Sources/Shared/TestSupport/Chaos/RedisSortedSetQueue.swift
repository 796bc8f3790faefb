import Redis
import RedisQueues
import TestServers

extension RedisServer: ServerUnderTest {}

/// `redis-sortedset` on a real Redis with its append-only file on.
package struct RedisSortedSetQueue: QueueUnderTest {
    private static let requests = "request-sortedset"
    private static let silentRequests = "silent-sortedset"
    private static let results = "result-list"
    /// Our own books in Redis, removed before anybody counts what is left.
    private static let producerKey = "chaos:published"
    private static let consumerKey = "chaos:forgotten"

    private let redis: RedisServer

    /// - Parameter isAlwaysSynced: whether every write is on disk before it is answered, so that nothing is lost when
    ///   Redis is killed; otherwise once a second.
    package init(isAlwaysSynced: Bool) async throws {
        redis = try await RedisServer(
            appendOnly: true, arguments: ["--appendfsync", isAlwaysSynced ? "always" : "everysec"])
    }

    init(_ redis: RedisServer) { self.redis = redis }

    package var kind: String { "redis-sortedset" }
    package var port: Int? { redis.port }
    package var server: (any ServerUnderTest)? { redis }
    package func end() { redis.kill() }

    package func flags(port: Int?, gateway: String, silentGateway: String) -> [String] {
        [
            "--message-queue-impl", kind, "--redis.addr", "127.0.0.1:\(port ?? redis.port)",
            "--redis.request-queue-name", Self.requests, "--redis.inference-gateway", gateway,
            "--redis.request-queue-name.2", Self.silentRequests, "--redis.inference-gateway.2", silentGateway,
            "--redis.retry-queue-name", "retry-sortedset", "--redis.result-queue-name", Self.results,
        ]
    }

    package func connect() throws -> any QueueSession { Session(connection: try RedisConnection(redis.url)) }

    private struct Session: QueueSession {
        let connection: RedisConnection

        /// Writes a batch unless it has been written.
        ///
        ///     KEYS    1 how many were published, 2 requests, 3 silent requests
        ///     ARGV    1 number of the batch's first request, 2 number behind its last; then three per request: index of
        ///             its key, deadline, body
        private static let publish = """
            if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 0 end
            for i = 3, #ARGV, 3 do
              redis.call('ZADD', KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2])
            end
            redis.call('SET', KEYS[1], ARGV[2])
            return 1
            """

        /// Forgets results before a position, and returns some from there on, oldest first.
        ///
        ///     KEYS    1 list of results, the newest first, 2 how many were forgotten
        ///     ARGV    1 position, 2 how many at most
        private static let consume = """
            local forgotten = tonumber(redis.call('GET', KEYS[2]) or '0')
            local read = tonumber(ARGV[1]) - forgotten
            if read > 0 then
              redis.call('LTRIM', KEYS[1], 0, -1 - read)
              redis.call('SET', KEYS[2], ARGV[1])
            end
            return redis.call('LRANGE', KEYS[1], -tonumber(ARGV[2]), -1)
            """

        func publish(_ requests: [Publication], first: Int) throws {
            var command = RedisCommand(
                "EVAL", Self.publish, 3, RedisSortedSetQueue.producerKey, RedisSortedSetQueue.requests,
                RedisSortedSetQueue.silentRequests, first, first + requests.count)
            for request in requests {
                command.append(request.isSilent ? 3 : 2)
                command.append(request.deadline)
                command.append(request.body)
            }
            _ = try connection.send(command)
        }

        func results(from position: Int, limit: Int) throws -> [[UInt8]] {
            let reply = try connection.send(
                RedisCommand(
                    "EVAL", Self.consume, 2, RedisSortedSetQueue.results, RedisSortedSetQueue.consumerKey, position,
                    limit))
            return (reply.array ?? []).reversed().compactMap(\.bytes)
        }

        func leftovers() throws -> [String] {
            let keys = try connection.send(RedisCommand("KEYS", "*")).array?.compactMap(\.text) ?? []
            let expected = [
                RedisSortedSetQueue.results, RedisSortedSetQueue.producerKey, RedisSortedSetQueue.consumerKey,
                RedisStore.key, ServedNames.key,
            ]
            return keys.filter { !expected.contains($0) && !$0.hasSuffix(":dead-letter") }.sorted()
        }

        func measures() throws -> [String: Int] {
            try connection.measures().merging([
                "waiting": Int(try connection.send(RedisCommand("ZCARD", RedisSortedSetQueue.requests)).integer ?? 0)
            ]) { first, _ in first }
        }
    }
}
