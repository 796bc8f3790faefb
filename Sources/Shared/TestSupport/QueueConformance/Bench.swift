import Messages
import Queue

/// One queue with what a case needs around it: sources, a sink, and waits with limits.
struct Bench: Sendable {
    /// Longer than any case runs: such a lease never expires in a test.
    static let longLease = Duration.seconds(60)
    /// How long anything that must happen may take on a busy machine.
    static let patience = Duration.seconds(15)

    let harness: any QueueHarness
    let queue: String

    init(_ harness: any QueueHarness) async throws {
        self.harness = harness
        self.queue = try await harness.makeQueue()
    }

    func source(lease: Duration = longLease) async throws -> any RequestSource {
        let source = try await harness.makeSource(queue: queue, lease: lease)
        try await source.connect()
        return source
    }

    func sink() async throws -> any ResultSink {
        let sink = try await harness.makeSink()
        try await sink.connect()
        return sink
    }

    func publish(_ texts: String...) async throws {
        for text in texts { try await harness.publish(Array(text.utf8), to: queue) }
    }

    func settlement(_ delivery: Delivery, _ action: Settlement.Action) -> Settlement {
        settlement(delivery.receipt, id: delivery.text, action)
    }

    func settlement(_ receipt: Receipt, id: String, _ action: Settlement.Action) -> Settlement {
        Settlement(
            receipt: receipt, queue: queue, destination: harness.resultDestination(of: queue), id: id, action: action)
    }

    /// A settlement whose result names the request it belongs to.
    func result(_ delivery: Delivery, _ text: String? = nil) -> Settlement {
        settlement(delivery, .result(Bytes((text ?? "result of \(delivery.text)").utf8)))
    }

    /// Waits until there are `count` results, and returns them as text.
    func results(_ count: Int, within limit: Duration = patience) async throws -> [String] {
        try await eventually("\(count) results", within: limit) {
            let results = try await harness.results(of: queue)
            return results.count >= count ? results.map { String(decoding: $0, as: UTF8.self) } : nil
        }
    }
}

extension Delivery {
    /// The message as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension RequestSource {
    /// One call of `lease`, cancelled after `limit`; what it returned.
    func lease(atMost count: Int, within limit: Duration) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery]?.self) { group in
            group.addTask { try await self.lease(limit: count) }
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

    /// Calls `lease` until `count` requests have come; fails when they do not.
    func take(_ count: Int, within limit: Duration = Bench.patience) async throws -> [Delivery] {
        let clock = ContinuousClock()
        let end = clock.now + limit
        var deliveries: [Delivery] = []
        while deliveries.count < count, clock.now < end {
            deliveries += try await lease(atMost: count - deliveries.count, within: end - clock.now)
        }
        try require(deliveries.count, equals: count, "requests handed out within \(limit)")
        return deliveries
    }

    /// Fails when `lease` hands out anything within `time`.
    func handsOutNothing(for time: Duration) async throws {
        let deliveries = try await lease(atMost: 10, within: time)
        try require(deliveries.isEmpty, "handed out \(deliveries.map(\.text)) that were not to be had")
    }
}

/// Asks again and again until `body` returns a value; fails after `limit`.
func eventually<T>(
    _ what: String, within limit: Duration = Bench.patience, _ body: () async throws -> T?
) async throws -> T {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
        if let value = try await body() { return value }
        try require(clock.now < end, "no \(what) within \(limit)")
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Does what a stage does while its queue server is away: tries again, connecting first.
@discardableResult
func persistently<T: Sendable>(
    _ what: String, connect: () async throws(QueueError) -> Void, _ body: () async throws(QueueError) -> T
) async throws -> T {
    try await eventually(what) { () -> T? in
        do throws(QueueError) {
            return try await body()
        } catch {
            do throws(QueueError) { try await connect() } catch {}
            return nil
        }
    }
}
