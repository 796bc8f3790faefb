import Logging
import Messages
import Queue
import Redis
import RedisPubSubSink
import RedisPubSubSource
import TestServers
import Testing

/// A server, a channel on it, and what tests do with both.
struct Channel: Sendable {
    let server: RedisServer
    let name: String
    let results: ChannelListener

    init(name: String = "request-queue") async throws {
        server = try await RedisServer()
        self.name = name
        results = try await ChannelListener(server.url, channel: "result-queue")
    }

    /// A connected source of the channel, as one more ingest process has it.
    func source(
        _ settings: RedisPubSubSettings = RedisPubSubSettings(holdAfterGap: .zero), through proxy: CuttingProxy? = nil
    ) async throws -> RedisPubSubSource {
        let source = RedisPubSubSource(
            url: proxy?.url ?? server.url, queue: .channel(name), settings: settings, logger: .quiet)
        try await source.connect()
        return source
    }

    func sink(through proxy: CuttingProxy? = nil) -> RedisPubSubSink {
        RedisPubSubSink(url: proxy?.url ?? server.url)
    }

    /// Answers a command as `redis-cli` does.
    @discardableResult
    func redis(_ words: String...) throws -> RedisReply {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        return try RedisConnection(server.url).send(command)
    }

    /// Publishes as a producer does; fails when nobody listens.
    func publish(_ texts: String...) throws { try publish(texts) }

    func publish(_ texts: [String]) throws {
        let replies = try RedisConnection(server.url).send(texts.map { RedisCommand("PUBLISH", name, $0) })
        #expect(replies.allSatisfy { ($0.integer ?? 0) > 0 })
    }

    func count(_ command: String, _ key: String) throws -> Int { Int(try redis(command, key).integer ?? -1) }

    func settlement(_ delivery: Delivery, _ action: Settlement.Action) -> Settlement {
        Settlement(receipt: delivery.receipt, queue: name, destination: "", id: "", action: action)
    }
}

extension RedisPubSubSource {
    /// Calls `lease` until `count` requests have come, and once more to see that no more follow within `quiet`.
    func take(_ count: Int, quiet: Duration = .zero) async throws -> [Delivery] {
        var deliveries: [Delivery] = []
        while deliveries.count < count {
            let some = try await leasePersistently(limit: count - deliveries.count, for: .seconds(15))
            try #require(!some.isEmpty, "\(deliveries.count) of \(count) requests")
            deliveries += some
        }
        if quiet > .zero {
            let more = try await leasePersistently(limit: 100, for: quiet)
            #expect(more.isEmpty, "too many: \(more.map(\.text))")
        }
        return deliveries
    }

    /// Calls `lease`, again when it throws, until it returns something or `limit` is over.
    func leasePersistently(limit count: Int, for limit: Duration) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery]?.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    do throws(QueueError) {
                        return try await self.lease(limit: count)
                    } catch {
                        try? await Task.sleep(for: .milliseconds(10))
                    }
                }
                return []
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            var deliveries: [Delivery] = []
            while let finished = try await group.next() {
                deliveries += finished ?? []
                group.cancelAll()
            }
            return deliveries
        }
    }
}

extension Logger {
    /// For tests that look at counts.
    static let quiet = Logger(label: "channel") { _ in SwiftLogNoOpLogHandler() }
}

extension Delivery {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
