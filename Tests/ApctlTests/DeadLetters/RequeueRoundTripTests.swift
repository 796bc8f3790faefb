import Logging
import Messages
import Queue
import Redis
import RedisPubSubSink
import RedisPubSubSource
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

@testable import Apctl

/// From the queue to the dead letters and back, through what ingest and emit do.
struct RequeueRoundTripTests {
    private static let requests = [
        "{ \"id\":\"a\",\"deadline\":9999999999,\"payload\":{}}",
        """
        {"request_kind":"redis","internal":{"retry_count":1,"labels":{"l":"1"}},\
        "data":{"id":"a","deadline":"9999999999","payload":{}}}
        """,
    ]
    private static let queue = QueueSettings(
        id: "q", name: "q", retryQueue: "r", target: .url("http://localhost/"))

    /// Leases a request, parks it after four attempts, buries it, requeues it, and returns how it comes then.
    private func again(
        _ source: any RequestSource, _ sink: any ResultSink, _ store: RedisDeadLetters, send: () throws -> Void
    ) async throws -> Delivery {
        try await source.connect()
        try await sink.connect()
        try send()
        let first = try #require(try await source.lease(limit: 1).first)
        #expect(
            try await sink.settle([settlement(first, .park(afterMilliseconds: 0, failedAttempts: 4))]) == [.settled])
        let second = try #require(try await source.lease(limit: 1).first)
        #expect(second.failedAttempts == 4)
        let burial = Settlement.Action.deadLetter(reason: "why", result: Array("{\"id\":\"a\"}".utf8)[...])
        #expect(try await sink.settle([settlement(second, burial)]) == [.settled])
        let shown = Written()
        #expect(try shown.desk(store).list(limit: nil, asJSON: true, columns: nil))
        #expect(shown.text.contains("\"id\":\"a\",\"reason\":\"why\",") && shown.text.contains("\"attempts\":4,"))
        #expect(try Written().desk(store).requeue(.some(["a"], nil), isForced: false))
        return try #require(try await source.lease(limit: 1).first)
    }

    private func settlement(_ delivery: Delivery, _ action: Settlement.Action) -> Settlement {
        Settlement(receipt: delivery.receipt, queue: "q", destination: "results", id: "a", action: action)
    }

    @Test(.timeLimit(.minutes(1)), arguments: requests)
    func aRequestOfAChannelIsNewAgain(text: String) async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let source = RedisPubSubSource(url: server.url, queue: Self.queue, logger: Logger(label: "channel"))
        let store = RedisDeadLetters(url: server.url, queue: "q", kind: .channel(retrySet: "r"))
        let delivery = try await again(source, RedisPubSubSink(url: server.url), store) {
            _ = try client.send(RedisCommand("PUBLISH", "q", text))
        }
        #expect(delivery.failedAttempts == 0)
        #expect(delivery.deliveries == 0)
        guard case .request(let old) = InboundRequest.decode(Array(text.utf8)[...]),
            case .request(let new) = InboundRequest.decode(delivery.bytes)
        else {
            Issue.record("not a request")
            return
        }
        #expect((new.id, new.deadline, new.payload) == (old.id, old.deadline, old.payload))
        #expect(new.routing.labels == old.routing.labels)
    }

    @Test(.timeLimit(.minutes(1)), arguments: requests)
    func aRequestOfASortedSetIsNewAgain(text: String) async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let source = RedisSortedSetSource(url: server.url, queue: Self.queue, logger: logger)
        let store = RedisDeadLetters(url: server.url, queue: "q", kind: .sortedSet)
        let sink = RedisSortedSetSink(url: server.url)
        let delivery = try await again(source, sink, store) {
            _ = try client.send(RedisCommand("ZADD", "q", 9_999_999_999, text))
        }
        #expect(delivery.failedAttempts == 0)
        #expect(delivery.deliveries == 0)
        #expect(Array(delivery.bytes) == Array(text.utf8))
        let result = Settlement.Action.result(Array("{\"id\":\"a\",\"payload\":\"\"}".utf8)[...])
        #expect(try await sink.settle([settlement(delivery, result)]) == [.settled])
        #expect(try client.send(RedisCommand("KEYS", "*")) == .array([.string(Array("results".utf8))]))
    }
}
