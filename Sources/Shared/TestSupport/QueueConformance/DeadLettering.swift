import Messages
import Queue

extension ConformanceCase {
    static let deadLettering: [ConformanceCase] = [
        ConformanceCase("keepsDeadLettersByteForByte", needs: .keepsDeadLetters, run: keepsDeadLetters),
        ConformanceCase("answersADeadLetterOnce", needs: .keepsDeadLetters, run: answersADeadLetterOnce),
    ]

    private static func keepsDeadLetters(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        let bodies: [[UInt8]] = [Array("{ not  JSON".utf8), [0x80, 0x00, 0xFF, 0x0A]]
        for body in bodies {
            try await harness.publish(body, to: bench.queue)
            let delivery = try await source.take(1)[0]
            let action = Settlement.Action.deadLetter(reason: "cannot be read", result: nil)
            let status = try await sink.settle([bench.settlement(delivery.receipt, id: "", action)])
            try require(status, equals: [.settled], "status")
        }
        let letters = try await eventually("dead letters") {
            let letters = try await harness.deadLetters(of: bench.queue)
            return letters.count >= bodies.count ? letters : nil
        }
        try require(letters.map(\.bytes), equals: bodies, "original bytes")
        try require(letters.map(\.reason), equals: ["cannot be read", "cannot be read"], "reasons")
        try await source.handsOutNothing(for: .milliseconds(200))
        try require(try await harness.results(of: bench.queue), equals: [], "results")
    }

    private static func answersADeadLetterOnce(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        let action = Settlement.Action.deadLetter(reason: "taken over 6 times", result: Bytes("answer".utf8))
        let letter = bench.settlement(delivery, action)
        try require(try await sink.settle([letter]), equals: [.settled], "status")
        let later = try await sink.settle([letter, bench.result(delivery)])
        try require(later, equals: [.stale, .stale], "later statuses")
        try require(try await bench.results(1), equals: ["answer"], "results")
        let letters = try await harness.deadLetters(of: bench.queue)
        try require(letters, equals: [DeadLetter(bytes: Array("a".utf8), reason: "taken over 6 times")], "letters")
    }
}
