import Messages
import Queue
import Redis
import RedisSortedSetSink
import TestServers
import Testing

/// What is larger than the server takes costs itself, and nobody else.
@Suite(.timeLimit(.minutes(1)))
struct TooLargeTests {
    /// Settles as emit does: what is delayed, and what a broken connection leaves unknown, is asked again.
    private func settle(_ batch: [Settlement], with sink: RedisSortedSetSink) async throws -> [SettlementStatus] {
        var found = [SettlementStatus?](repeating: nil, count: batch.count)
        for _ in 0..<30 where found.contains(nil) {
            let left = batch.indices.filter { found[$0] == nil }
            guard let statuses = try? await sink.settle(left.map { batch[$0] }) else { continue }
            for (index, status) in zip(left, statuses) {
                if case .delayed = status { continue }
                found[index] = status
            }
        }
        return found.compactMap(\.self)
    }

    private func small(_ bench: RedisSortedSetBench) throws {
        _ = try bench.server.command("CONFIG", "SET", "proto-max-bulk-len", 1 << 20)
    }

    @Test
    func anAnswerThatTheServerDoesNotTakeIsToldFromThoseBesideIt() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b", "c", "d", "e")
        let taken = try await bench.source().take(5)
        try small(bench)
        let batch = taken.enumerated().map {
            bench.result($1, id: $1.text, $0 == 2 ? String(repeating: "x", count: 3 << 20) : $1.text)
        }
        let statuses = try await settle(batch, with: bench.sink())
        #expect(statuses.count == 5)
        for (index, status) in statuses.enumerated() {
            guard index == 2 else {
                // Settled before the connection broke, perhaps: then nobody knew.
                #expect(status == .settled || status == .stale)
                continue
            }
            guard case .tooLarge(let reason) = status else { return #expect(Bool(false), "\(status)") }
            #expect(reason.contains("invalid bulk length"))
        }
        #expect(try bench.popped() == ["a", "b", "d", "e"])
    }

    @Test
    func aMessageWhoseLetterTheServerDoesNotTakeIsKeptInPart() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.server.zadd(RedisSortedSetBench.queue, score: 1, [UInt8](repeating: 0, count: 900_000))
        try bench.submit("a")
        let taken = try await bench.source().take(2)
        try small(bench)
        let sink = bench.sink()
        let letter = bench.settlement(taken[0], id: "", .deadLetter(reason: "not JSON", result: nil))
        let rest = bench.result(taken[1], "a")
        var statuses: [SettlementStatus] = []
        for _ in 0..<9 where statuses.first != .settled { statuses = try await settle([letter, rest], with: sink) }
        #expect(statuses.first == .settled)
        #expect(try bench.popped() == ["a"])
        let document = try #require(try bench.popped(RedisSortedSetBench.queue + ":dead-letter").first)
        #expect(document.count > 1000 && document.count < 1 << 20)
        #expect(document.hasSuffix(#"","body_encoding":"base64","body_bytes":900000}"#))
        #expect(try bench.keys() == ["request-sortedset:dead-letter", RedisSortedSetBench.list])
        // It costs nobody else a part of a letter.
        let other = String(repeating: "x", count: 900_000)
        try bench.submit(other)
        let next = try await bench.source().take(1)
        let whole = bench.settlement(next[0], id: "", .deadLetter(reason: "not JSON", result: nil))
        #expect(try await sink.settle([whole]) == [.settled])
        #expect(
            try bench.popped(RedisSortedSetBench.queue + ":dead-letter").first?.hasSuffix("\"body\":\"\(other)\"}")
                == true)
    }
}
