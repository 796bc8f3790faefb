import Messages
import Queue

extension ConformanceCase {
    static let settling: [ConformanceCase] = [
        ConformanceCase("writesTheResultAsGiven", run: writesTheResultAsGiven),
        ConformanceCase("settlesOnce", needs: .settlesOnce, run: settlesOnce),
        ConformanceCase("settlesOnceWithinOneBatch", needs: .settlesOnce, run: settlesOnceWithinOneBatch),
        ConformanceCase("settlesOnceFromTwoSinks", needs: .settlesOnce, run: settlesOnceFromTwoSinks),
        ConformanceCase("callsUnknownReceiptsStale", needs: .settlesOnce, run: callsUnknownReceiptsStale),
        ConformanceCase("renewsNothingThatIsSettled", needs: .settlesOnce, run: renewsNothingThatIsSettled),
        ConformanceCase("settlesManyAtOnce", run: settlesManyAtOnce),
    ]

    private static func writesTheResultAsGiven(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        let body = #"{"id":"a","payload":"{\"x\": 1.50}\n – ü \u0000","status_code":200}"#
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        try require(try await sink.settle([bench.result(delivery, body)]), equals: [.settled], "status")
        try require(try await bench.results(1), equals: [body], "results")
    }

    private static func settlesOnce(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        try require(try await sink.settle([bench.result(delivery, "one")]), equals: [.settled], "first")
        let again = try await sink.settle([
            bench.result(delivery, "two"),
            bench.settlement(delivery, .park(afterMilliseconds: 0, failedAttempts: 1)),
            bench.settlement(delivery, .release),
            bench.settlement(delivery, .deadLetter(reason: "late", result: nil)),
        ])
        try require(again, equals: [.stale, .stale, .stale, .stale], "later")
        try await source.release([delivery.receipt])
        try await source.handsOutNothing(for: .milliseconds(200))
        try require(try await bench.results(1), equals: ["one"], "results")
    }

    private static func settlesOnceWithinOneBatch(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a", "b")
        let deliveries = try await source.take(2)
        let statuses = try await sink.settle([
            bench.result(deliveries[0], "one"), bench.result(deliveries[0], "two"),
            bench.result(deliveries[1], "three"),
        ])
        try require(statuses, equals: [.settled, .stale, .settled], "statuses")
        try require(try await bench.results(2).sorted(), equals: ["one", "three"], "results")
    }

    private static func settlesOnceFromTwoSinks(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let one = try await bench.sink()
        let two = try await bench.sink()
        for number in 0..<20 { try await bench.publish("request \(number)") }
        let deliveries = try await source.take(20)
        async let first = one.settle(deliveries.map { bench.result($0) })
        async let second = two.settle(deliveries.map { bench.result($0) })
        let statuses = try await zip(first, second)
        for (a, b) in statuses {
            try require([a, b].count { $0 == .settled }, equals: 1, "settlements of one receipt")
            try require([a, b].count { $0 == .stale }, equals: 1, "stale settlements of one receipt")
        }
        let results = try await bench.results(20)
        try require(results.sorted(), equals: deliveries.map { "result of \($0.text)" }.sorted(), "results")
    }

    private static func callsUnknownReceiptsStale(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        let strange = Receipt("no receipt of anybody")
        let statuses = try await sink.settle([
            bench.settlement(strange, id: "x", .result(Bytes("x".utf8))), bench.result(delivery),
        ])
        try require(statuses, equals: [.stale, .settled], "statuses")
        try require(try await source.renew([strange]), equals: [strange], "lost receipts")
        try require(try await bench.results(1), equals: ["result of a"], "results")
    }

    private static func renewsNothingThatIsSettled(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a", "b")
        let deliveries = try await source.take(2)
        try require(try await sink.settle([bench.result(deliveries[0])]), equals: [.settled], "status")
        let lost = try await source.renew(deliveries.map(\.receipt))
        try require(lost, equals: [deliveries[0].receipt], "lost receipts")
    }

    private static func settlesManyAtOnce(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        let texts = (0..<300).map { "request \($0)" }
        for text in texts { try await bench.publish(text) }
        let deliveries = try await source.take(texts.count)
        let statuses = try await sink.settle(deliveries.map { bench.result($0) })
        try require(statuses.allSatisfy { $0 == .settled }, "statuses: \(statuses)")
        let results = try await bench.results(texts.count)
        try require(results.sorted(), equals: texts.map { "result of \($0)" }.sorted(), "results")
    }
}
