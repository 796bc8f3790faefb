import Messages
import Queue
import Redis
import Testing

/// The server is a function here.
struct DividedCallsTests {
    private let batch = (0..<256).map { index in
        Settlement(
            receipt: Receipt(Array("r\(index)".utf8)), queue: "q", destination: "", id: "\(index)",
            action: .result(Bytes("x".utf8)))
    }
    private let all = [Array(0..<256)]

    private func answer(_ call: [Int], _ reason: String, when isBad: ([Int]) -> Bool) -> DividedCalls.Answer {
        isBad(call)
            ? .failure(RedisError(operation: "settle", reason: reason, kind: .answer))
            : .success(call.map { _ in .settled })
    }

    @Test(arguments: ["OOM command not allowed", "ERR Protocol error: invalid bulk length", "ERR who knows"])
    func aRefusedCallIsDividedUntilTheCulpritIsAlone(reason: String) throws {
        var divided = DividedCalls()
        var calls = 0
        let statuses = try divided.settle(batch, all) { round in
            calls += round.count
            return round.map { answer($0, reason) { $0.contains(77) } }
        }
        #expect(statuses.indices.filter { statuses[$0] != .settled } == [77])
        #expect(calls == 17)
        let isFinal = if case .tooLarge = statuses[77] { true } else { false }
        #expect(isFinal == reason.contains("bulk"))
        #expect((divided.trouble == nil) == isFinal)
        // Once it goes, nothing is left of it.
        _ = try divided.settle([batch[77]], [[0]]) { $0.map { $0.map { _ in .settled } }.map { .success($0) } }
        #expect(divided.trouble == nil)
    }

    @Test(arguments: [("NOPERM this user has no permissions to run the 'eval' command", 1), ("OOM none", 65)])
    func aRefusalOfAllCostsABoundedNumberOfCalls(reason: String, most: Int) throws {
        var divided = DividedCalls()
        var calls = 0
        let statuses = try divided.settle(batch, all) { round in
            calls += round.count
            return round.map { answer($0, reason) { _ in true } }
        }
        #expect(statuses.allSatisfy { if case .delayed = $0 { true } else { false } })
        #expect(calls <= most)
        #expect(divided.trouble?.contains(reason) == true)
    }

    @Test
    func waitsForAServerThatCanDoNothing() {
        var divided = DividedCalls()
        #expect(throws: RedisError.self) {
            try divided.settle(batch, all) { $0.map { answer($0, "READONLY You can't write") { _ in true } } }
        }
    }

    @Test
    func findsTheOneThatEndsEveryConnection() throws {
        var divided = DividedCalls()
        var settled: Set<Int> = []
        var breaks = 0
        var statuses: [SettlementStatus]?
        func ask(_ calls: [[Int]]) throws -> [SettlementStatus] {
            try divided.settle(batch, calls) { round throws(RedisError) in
                if round.joined().contains(77) {
                    breaks += 1
                    throw RedisError(operation: "settle", reason: "closed", kind: .connection)
                }
                return round.map { .success($0.map { settled.insert($0).inserted ? .settled : .stale }) }
            }
        }
        for _ in 0..<20 where statuses == nil { statuses = try? ask(all) }
        let last = try #require(statuses)
        #expect(breaks <= 5)
        #expect(settled.count == 255)
        #expect(last.indices.filter { if case .delayed = last[$0] { true } else { false } } == [77])
        // It comes again in other company, and keeps nobody up.
        var later: [SettlementStatus]?
        for _ in 0..<2 where later == nil { later = try? ask([[76, 77, 78]]) }
        let again = try #require(later)
        #expect(again[76] == .stale && again[78] == .stale)
        guard case .delayed = again[77] else { return #expect(Bool(false), "\(again[77])") }
    }

    @Test
    func whatMayHaveBeenDoneIsUnknown() throws {
        var divided = DividedCalls()
        #expect(throws: RedisError.self) {
            try divided.settle(batch, all) { _ throws(RedisError) in
                throw RedisError(operation: "settle", reason: "closed", kind: .connection)
            }
        }
        let statuses = try divided.settle(batch, all) { $0.map { .success($0.map { _ in .stale }) } }
        #expect(statuses == Array(repeating: .stale, count: 256))
    }
}
