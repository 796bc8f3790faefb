import Redis
import RedisQueues
import TestServers

/// `redis-pubsub` on a real Redis with its append-only file on.
///
/// What it promises is less than a sorted set's: see `LossCheck`.
package struct RedisPubSubQueue: QueueUnderTest {
    private static let requests = "request-queue"
    private static let silentRequests = "silent-queue"
    private static let results = "result-queue"
    private static let retrySet = "retry-sortedset"
    /// Our own books in Redis.
    private static let producerKey = "chaos:published"
    private static let receiversKey = "chaos:receivers"

    private let redis: RedisServer
    private let books = RedisPubSubBooks()

    /// - Parameter isAlwaysSynced: as for `RedisSortedSetQueue`.
    package init(isAlwaysSynced: Bool) async throws {
        redis = try await RedisServer(
            appendOnly: true, arguments: ["--appendfsync", isAlwaysSynced ? "always" : "everysec"])
    }

    init(_ redis: RedisServer) { self.redis = redis }

    package var kind: String { "redis-pubsub" }
    package var port: Int? { redis.port }
    package var server: (any ServerUnderTest)? { redis }
    package var channelBooks: RedisPubSubBooks? { books }
    package func end() { redis.kill() }

    package func flags(port: Int?, gateway: String, silentGateway: String) -> [String] {
        [
            "--message-queue-impl", kind, "--redis.addr", "127.0.0.1:\(port ?? redis.port)",
            "--redis.request-queue-name", Self.requests, "--redis.inference-gateway", gateway,
            "--redis.request-queue-name.2", Self.silentRequests, "--redis.inference-gateway.2", silentGateway,
            "--redis.retry-queue-name", Self.retrySet, "--redis.result-queue-name", Self.results,
        ]
    }

    package func connect() throws -> any QueueSession {
        Session(connection: try RedisConnection(redis.url), books: books)
    }

    /// Waits until both channels are heard: what is published before that is nobody's.
    package func isReady() throws -> Bool {
        let command = RedisCommand("PUBSUB", "NUMSUB", Self.requests, Self.silentRequests)
        let counts = try RedisConnection(redis.url).send(command).array ?? []
        return counts.count == 4 && [1, 3].allSatisfy { counts[$0].integer ?? 0 > 0 }
    }

    private final class Session: QueueSession {
        private let connection: RedisConnection
        private let books: RedisPubSubBooks
        private var listener: RedisSubscriber?
        private let wakeUp = WakeUp()

        init(connection: RedisConnection, books: RedisPubSubBooks) {
            self.connection = connection
            self.books = books
        }

        deinit { if listener != nil { books.hears(false) } }

        /// Publishes a batch unless it has been published, and says how many heard each of it.
        ///
        ///     KEYS    1 how many were published, 2 who heard the last batch, 3 requests, 4 silent requests
        ///     ARGV    1 number of the batch's first request, 2 number behind its last; then two per request: index of
        ///             its channel, body
        private static let publish = """
            if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return redis.call('GET', KEYS[2]) end
            local heard = {}
            for i = 3, #ARGV, 2 do
              heard[#heard + 1] = redis.call('PUBLISH', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
            end
            local text = table.concat(heard, ' ')
            redis.call('SET', KEYS[1], ARGV[2])
            redis.call('SET', KEYS[2], text)
            return text
            """

        func publish(_ requests: [Publication], first: Int) throws {
            books.publishes(first)
            var command = RedisCommand(
                "EVAL", Self.publish, 4, RedisPubSubQueue.producerKey, RedisPubSubQueue.receiversKey,
                RedisPubSubQueue.requests,
                RedisPubSubQueue.silentRequests, first, first + requests.count)
            for request in requests {
                command.append(request.isSilent ? 4 : 3)
                command.append(request.body)
            }
            let heard = try connection.send(command).text?.split(separator: " ").map { Int($0) ?? 0 } ?? []
            books.published(first, heard)
        }

        func results(from position: Int, limit: Int) throws -> [[UInt8]] {
            let listener =
                self.listener
                ?? RedisSubscriber(connection.url, channel: RedisPubSubQueue.results, readAhead: 256 << 20)
            self.listener = listener
            let wasListening = listener.isSubscribed
            do throws(RedisError) {
                let messages = try listener.wait(for: .milliseconds(5), count: 5000, wakeUp: wakeUp)
                if !wasListening, listener.isSubscribed { books.hears(true) }
                books.consume(messages.map(\.bytes))
            } catch {
                books.hears(false)
                throw error
            }
            return books.results(from: position, limit: limit)
        }

        func leftovers() throws -> [String] {
            let keys = try connection.send(RedisCommand("KEYS", "*")).array?.compactMap(\.text) ?? []
            let expected = [
                RedisPubSubQueue.producerKey, RedisPubSubQueue.receiversKey, RedisStore.key, ServedNames.key,
            ]
            return keys.filter {
                !expected.contains($0) && !$0.hasSuffix(":dead-letter")
                    && !$0.hasPrefix(RedisPubSubQueue.retrySet + ":heard:")
            }.sorted()
        }

        func measures() throws -> [String: Int] {
            try connection.measures().merging([
                "parked": Int(try connection.send(RedisCommand("ZCARD", RedisPubSubQueue.retrySet)).integer ?? 0)
            ]) { first, _ in first }
        }
    }
}
