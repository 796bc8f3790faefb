import Messages
import Queue

extension ConformanceCase {
    /// Short enough to wait for, long enough for a busy machine to renew in time.
    private static let shortLease = Duration.milliseconds(500)

    static let takingOver: [ConformanceCase] = [
        ConformanceCase("keepsWhatIsRenewed", needs: .takesOverExpiredLeases, run: keepsWhatIsRenewed),
        ConformanceCase("renewsWhatExpiredUnnoticed", needs: .takesOverExpiredLeases, run: renewsWhatExpired),
        ConformanceCase("takesOverWhatExpiredAndCounts", needs: .takesOverExpiredLeases, run: takesOverAndCounts),
        ConformanceCase("settlesALateResultOfAFormerHolder", needs: .takesOverExpiredLeases, run: settlesALateResult),
        ConformanceCase("letsOnlyTheHolderGiveUp", needs: .takesOverExpiredLeases, run: letsOnlyTheHolderGiveUp),
    ]

    private static func keepsWhatIsRenewed(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let holder = try await bench.source(lease: .seconds(3))
        let other = try await bench.source(lease: .seconds(3))
        try await bench.publish("a")
        let delivery = try await holder.take(1)[0]
        async let nothing: Void = other.handsOutNothing(for: .milliseconds(4800))
        for _ in 0..<12 {
            try await Task.sleep(for: .milliseconds(400))
            try require(try await holder.renew([delivery.receipt]), equals: [], "lost receipts")
        }
        try await nothing
    }

    private static func renewsWhatExpired(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let holder = try await bench.source(lease: shortLease)
        try await bench.publish("a")
        let delivery = try await holder.take(1)[0]
        try await Task.sleep(for: shortLease * 2)
        try require(try await holder.renew([delivery.receipt]), equals: [], "lost receipts")
        let sink = try await bench.sink()
        try require(try await sink.settle([bench.result(delivery)]), equals: [.settled], "status")
    }

    private static func takesOverAndCounts(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let first = try await bench.source(lease: shortLease)
        let second = try await bench.source(lease: shortLease)
        let third = try await bench.source()
        try await bench.publish("a")
        let lost = try await first.take(1)[0]
        let again = try await second.take(1)[0]
        try require(again.text, equals: "a", "request")
        try require(again.deliveries, equals: 1, "deliveries after one expired lease")
        try require(try await first.renew([lost.receipt]), equals: [lost.receipt], "lost receipts")
        let last = try await third.take(1)[0]
        try require(last.deliveries, equals: 2, "deliveries after two expired leases")
        try require(try await third.renew([last.receipt]), equals: [], "lost receipts")
        for (source, count) in [(first, 0), (second, 1), (third, 1)] {
            try require(takeovers(of: source) ?? count, equals: count, "leases it says it has taken over")
        }
    }

    /// `nil` where a source does not count them.
    private static func takeovers(of source: any RequestSource) -> Int? {
        (source as? any CountingSource)?.counters.first { $0.name == "takeovers" }?.read()
    }

    private static func settlesALateResult(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let (late, current) = try await takenOver(bench)
        let sink = try await bench.sink()
        try require(try await sink.settle([bench.result(late, "late")]), equals: [.settled], "late result")
        try require(try await sink.settle([bench.result(current, "current")]), equals: [.stale], "second result")
        try require(try await bench.results(1), equals: ["late"], "results")
    }

    private static func letsOnlyTheHolderGiveUp(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let (former, current) = try await takenOver(bench)
        let sink = try await bench.sink()
        let statuses = try await sink.settle([
            bench.settlement(former, .park(afterMilliseconds: 0, failedAttempts: 1)),
            bench.settlement(former, .release),
            bench.settlement(former, .deadLetter(reason: "lost", result: Bytes("lost".utf8))),
        ])
        try require(statuses, equals: [.stale, .stale, .stale], "statuses of a former holder")
        try require(try await harness.deadLetters(of: bench.queue), equals: [], "dead letters")
        try require(try await sink.settle([bench.result(current)]), equals: [.settled], "result of the holder")
        try require(try await bench.results(1), equals: ["result of a"], "results")
    }

    /// A request that one source held too long and another holds now.
    private static func takenOver(_ bench: Bench) async throws -> (former: Delivery, current: Delivery) {
        let first = try await bench.source(lease: shortLease)
        let second = try await bench.source()
        try await bench.publish("a")
        let former = try await first.take(1)[0]
        return try await (former, second.take(1)[0])
    }
}
