import Glibc
import Messages
import Queue

extension ConformanceCase {
    static let leasing: [ConformanceCase] = [
        ConformanceCase("handsOutWhatWasPublishedByteForByte", run: handsOutByteForByte),
        ConformanceCase(
            "handsOutWhatWasPublishedBeforeItConnected", needs: .keepsUnclaimed, run: handsOutOlderRequests),
        ConformanceCase("handsOutNoMoreThanTheLimit", run: handsOutNoMoreThanTheLimit),
        ConformanceCase("waitsWithoutSpinning", run: waitsWithoutSpinning),
        ConformanceCase("stopsWaitingWhenCancelled", run: stopsWaitingWhenCancelled),
        ConformanceCase("leasesNobodyTwice", run: leasesNobodyTwice),
        ConformanceCase(
            "takesTheSameBytesTwiceForTwoRequests", needs: .keepsEqualMessages, run: takesSameBytesForTwoRequests),
        ConformanceCase("keepsQueuesApart", run: keepsQueuesApart),
        ConformanceCase("renewsAndReleasesWhileItWaits", run: renewsAndReleasesWhileItWaits),
        ConformanceCase("handsOutAgainWhatWasReleased", run: handsOutAgainWhatWasReleased),
    ]

    private static func handsOutByteForByte(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let bodies: [[UInt8]] = [
            Array(#"{"id":"a",  "n": 1.0000000000000000001, "ü":"\u00fc"}"#.utf8),
            Array("not JSON\r\nat all".utf8),
            [0x7B, 0xFF, 0x00, 0xC3, 0x7D],
            [UInt8](repeating: 0x78, count: 1 << 20),
        ]
        for body in bodies {
            try await harness.publish(body, to: bench.queue)
            let delivery = try await source.take(1)[0]
            try require(Array(delivery.bytes) == body, "bytes changed on the way: \(delivery.text.prefix(80))")
            try require(delivery.deliveries, equals: 0, "deliveries")
            try require(delivery.failedAttempts, equals: 0, "failed attempts")
        }
    }

    private static func handsOutOlderRequests(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        try await bench.publish("a", "b", "c")
        let texts = try await bench.source().take(3).map(\.text)
        try require(texts.sorted(), equals: ["a", "b", "c"], "requests")
    }

    private static func handsOutNoMoreThanTheLimit(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let texts = (0..<10).map { "request \($0)" }
        for text in texts { try await bench.publish(text) }
        var seen: [String] = []
        while seen.count < texts.count {
            let deliveries = try await source.lease(atMost: 3, within: Bench.patience)
            try require((1...3).contains(deliveries.count), "\(deliveries.count) requests for a limit of 3")
            seen += deliveries.map(\.text)
        }
        try require(seen.sorted(), equals: texts, "requests")
    }

    /// Measures the whole process, which other tests may keep busy: one quiet stretch is proof enough, because a
    /// source that spins leaves none.
    private static func waitsWithoutSpinning(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        async let deliveries = source.take(1, within: .seconds(40))
        var quietest = 1.0
        for _ in 0..<100 where quietest > 0.05 {
            let before = processSeconds()
            try await Task.sleep(for: .milliseconds(200))
            quietest = min(quietest, (processSeconds() - before) / 0.2)
        }
        try await bench.publish("wake up")
        _ = try await deliveries
        try require(quietest <= 0.05, "waiting took \(quietest) of a core")
    }

    /// The promise is 100 ms; the fastest of some tries is asked for half a second, on a machine busy with other tests.
    private static func stopsWaitingWhenCancelled(_ harness: any QueueHarness) async throws {
        let source = try await Bench(harness).source()
        var fastest = Duration.seconds(60)
        for _ in 0..<5 where fastest > .milliseconds(500) {
            let waiting = Task { try await source.lease(limit: 1) }
            try await Task.sleep(for: .milliseconds(100))
            let start = ContinuousClock.now
            waiting.cancel()
            let deliveries = try await waiting.value
            fastest = min(fastest, ContinuousClock.now - start)
            try require(deliveries.isEmpty, "handed out \(deliveries.map(\.text))")
        }
        try require(fastest <= .milliseconds(500), "took \(fastest)")
    }

    private static func leasesNobodyTwice(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let texts = (0..<200).map { "request \($0)" }
        var sources: [any RequestSource] = []
        for _ in 0..<4 { try await sources.append(bench.source()) }
        let seen = try await withThrowingTaskGroup(of: [String].self) { group in
            for source in sources {
                group.addTask {
                    var mine: [String] = []
                    while case let some = try await source.lease(atMost: 7, within: .seconds(2)), !some.isEmpty {
                        mine += some.map(\.text)
                    }
                    return mine
                }
            }
            for text in texts { try await bench.publish(text) }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try require(seen.sorted(), equals: texts.sorted(), "requests over all sources")
    }

    private static func takesSameBytesForTwoRequests(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("twin", "twin")
        let twins = try await source.take(2)
        try require(Set(twins.map(\.receipt)).count, equals: 2, "different receipts")
        let first = try await sink.settle([bench.result(twins[0], "one")])
        let second = try await sink.settle([bench.result(twins[1], "two")])
        try require(first + second, equals: [.settled, .settled], "statuses")
        try require(try await bench.results(2).sorted(), equals: ["one", "two"], "results")
    }

    private static func keepsQueuesApart(_ harness: any QueueHarness) async throws {
        let one = try await Bench(harness)
        let two = try await Bench(harness)
        let first = try await one.source()
        let second = try await two.source()
        let sink = try await one.sink()
        try await one.publish("for one")
        try await two.publish("for two")
        let others = try await second.lease(atMost: 10, within: Bench.patience).map(\.text)
        try require(others, equals: ["for two"], "requests of the second queue")
        try await second.handsOutNothing(for: .milliseconds(200))
        let delivery = try await first.take(1)[0]
        try require(delivery.text, equals: "for one", "request of the first queue")
        try require(try await sink.settle([one.result(delivery)]), equals: [.settled], "status")
        try require(try await one.results(1), equals: ["result of for one"], "results")
    }

    private static func renewsAndReleasesWhileItWaits(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        try await bench.publish("a", "b")
        let deliveries = try await source.take(2)
        async let next = source.take(1)
        let start = ContinuousClock.now
        try require(try await source.renew(deliveries.map(\.receipt)), equals: [], "lost receipts")
        // What waits gets something only when one is released.
        try require(ContinuousClock.now - start < .seconds(10), "lease held up renew")
        try await source.release([deliveries[1].receipt])
        try require(try await next[0].text, equals: deliveries[1].text, "request")
    }

    private static func handsOutAgainWhatWasReleased(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let first = try await source.take(1)[0]
        try await source.release([first.receipt])
        let second = try await source.take(1)[0]
        try require(second.deliveries, equals: 0, "deliveries after a release")
        let status = try await sink.settle([bench.settlement(second, .release)])
        try require(status, equals: [.settled], "release by the sink")
        let third = try await source.take(1)[0]
        try require(third.text, equals: "a", "request")
        try require(third.deliveries, equals: 0, "deliveries after two releases")
    }

    private static func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
