import Messages
import Primitives
import Queue

extension ConformanceCase {
    static let parking: [ConformanceCase] = [
        ConformanceCase("parksAndHandsOutInDueOrderNeverEarly", needs: .parksUntilDue, run: parksInDueOrder),
        ConformanceCase("remembersFailedAttempts", needs: .countsAttempts, run: remembersFailedAttempts),
        ConformanceCase("parksOnce", needs: [.parksUntilDue, .settlesOnce], run: parksOnce),
        ConformanceCase("handsParkedRequestsToAnySource", needs: .parksUntilDue, run: handsParkedToAnySource),
        ConformanceCase("tellsWhatWaitsAndWhatIsParked", needs: .tellsBacklog) { try await tellsBacklog($0, ready: 2) },
        ConformanceCase("tellsWhatIsParked", needs: .tellsParked) { try await tellsBacklog($0, ready: nil) },
    ]

    private static func parksInDueOrder(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        let delays: [String: Int64] = ["late": 900, "soon": 300, "middle": 600]
        try await bench.publish("late", "soon", "middle")
        let deliveries = try await source.take(3)
        let start = ContinuousClock.now
        let statuses = try await sink.settle(
            deliveries.map {
                bench.settlement($0, .park(afterMilliseconds: delays[$0.text] ?? 0, failedAttempts: 1))
            })
        try require(statuses, equals: [.settled, .settled, .settled], "statuses")
        var order: [String] = []
        while order.count < 3 {
            let some = try await source.lease(atMost: 3, within: Bench.patience)
            let after = ContinuousClock.now - start
            try require(!some.isEmpty, "parked requests were not handed out")
            for delivery in some {
                // A millisecond, because a server's clock may count in whole ones.
                let due = Duration.milliseconds((delays[delivery.text] ?? 0) - 1)
                try require(after >= due, "\(delivery.text) came after \(after), due after \(due)")
                try require(delivery.deliveries, equals: 0, "deliveries of a parked request")
                order.append(delivery.text)
            }
        }
        try require(order, equals: ["soon", "middle", "late"], "order")
    }

    private static func remembersFailedAttempts(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        for attempts in 1...3 {
            let delivery = try await source.take(1)[0]
            try require(delivery.failedAttempts, equals: attempts - 1, "failed attempts")
            let park = bench.settlement(delivery, .park(afterMilliseconds: 0, failedAttempts: attempts))
            try require(try await sink.settle([park]), equals: [.settled], "status")
        }
        let delivery = try await source.take(1)[0]
        try require(delivery.text, equals: "a", "request")
        try require(delivery.failedAttempts, equals: 3, "failed attempts")
        try require(delivery.deliveries, equals: 0, "deliveries")
    }

    private static func parksOnce(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        let park = bench.settlement(delivery, .park(afterMilliseconds: 0, failedAttempts: 1))
        try require(try await sink.settle([park, park]), equals: [.settled, .stale], "statuses")
        let again = try await source.take(1)[0]
        try require(try await sink.settle([park]), equals: [.stale], "an old receipt")
        try require(try await sink.settle([bench.result(again)]), equals: [.settled], "the new receipt")
        try await source.handsOutNothing(for: .milliseconds(200))
    }

    private static func handsParkedToAnySource(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a", "b")
        let deliveries = try await source.take(2)
        let parks = deliveries.map {
            bench.settlement($0, .park(afterMilliseconds: 100, failedAttempts: 1))
        }
        try require(try await sink.settle(parks), equals: [.settled, .settled], "statuses")
        let texts = try await bench.source().take(2).map(\.text)
        try require(texts.sorted(), equals: ["a", "b"], "requests")
        try await source.handsOutNothing(for: .milliseconds(200))
    }

    /// - Parameter ready: How many requests it leaves in the queue; `nil` where none can be left there.
    private static func tellsBacklog(_ harness: any QueueHarness, ready: Int?) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        guard let counting = source as? any BacklogSource else {
            throw ConformanceFailure(description: "\(type(of: source)) is no BacklogSource")
        }
        let sink = try await bench.sink()
        try await bench.publish("a", "b", "c")
        let deliveries = try await source.take(3)
        let before = await counting.backlog()
        try require(before.waiting, equals: ready.map { _ in 0 }, "nothing but leases wait")
        try require(before.parked, equals: 0, "nothing is parked")
        try require(before.nextDueMilliseconds, equals: nil, "nothing is due")
        try require(before.leased ?? 3, equals: 3, "leases")
        let parks = zip(deliveries, [Int64(60_000), 30_000]).map {
            bench.settlement($0, .park(afterMilliseconds: $1, failedAttempts: 1))
        }
        try require(try await sink.settle(parks), equals: [.settled, .settled], "statuses")
        let rest = (0..<(ready ?? 0)).map { "rest \($0)" }
        for name in rest { try await bench.publish(name) }
        let backlog = await counting.backlog()
        try require(backlog.waiting, equals: ready, "requests that wait")
        try require(backlog.parked, equals: 2, "parked requests")
        let inMilliseconds = (backlog.nextDueMilliseconds ?? 0) - WallClock.now().milliseconds
        try require((1...30_000).contains(inMilliseconds), "the first, parked for 30 s, is due in \(inMilliseconds) ms")
    }
}
