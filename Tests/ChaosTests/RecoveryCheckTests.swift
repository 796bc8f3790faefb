import Testing

@testable import Chaos

struct RecoveryCheckTests {
    /// A result every 100 ms of attempts that took 50 ms, with a gap.
    private func arrivals(gap: Range<Int>, until end: Int = 20_000) -> [RecoveryCheck.Arrival] {
        stride(from: 0, to: end, by: 100).filter { !gap.contains($0) }.map {
            .init(seen: .milliseconds($0), attemptBegan: .milliseconds($0 - 50))
        }
    }

    private let kill = Disturbance(.killed, victims: ["dispatch1"], began: .milliseconds(5020))
    private let steady = Duration.zero..<Duration.seconds(5)

    @Test
    func measuresTheRateBeforeTheFault() {
        #expect(RecoveryCheck(arrivals(gap: 0..<0), steady: steady).rateBefore == 10)
        #expect(RecoveryCheck([], steady: .zero..<Duration.zero).rateBefore == 0)
    }

    @Test
    func findsTheFirstResultOfAnAttemptThatBeganAfterTheFault() {
        let check = RecoveryCheck(arrivals(gap: 5100..<7000), steady: steady)
        #expect(check.recovery(after: kill).firstResult == .milliseconds(1980))
        let old = arrivals(gap: 5100..<7000) + [.init(seen: .milliseconds(6000), attemptBegan: .milliseconds(5010))]
        #expect(RecoveryCheck(old, steady: steady).recovery(after: kill).firstResult == .milliseconds(1980))
    }

    @Test
    func findsTheFirstSecondWithTheRateOfBefore() {
        #expect(RecoveryCheck(arrivals(gap: 0..<0), steady: steady).recovery(after: kill).fullRate == .zero)
        let check = RecoveryCheck(arrivals(gap: 5100..<7000), steady: steady)
        #expect(check.recovery(after: kill).fullRate == .milliseconds(1980))
    }

    @Test
    func findsNothingWhenNothingComesAnyMore() {
        let recovery = RecoveryCheck(arrivals(gap: 5000..<20_000), steady: steady).recovery(after: kill)
        #expect(recovery == Recovery())
    }

    @Test
    func measuresRetryByWhatHasGoneThroughIt() {
        var all = arrivals(gap: 0..<0)
        all.append(.init(seen: .seconds(8), attemptBegan: .seconds(7), refused: .seconds(6)))
        all.append(.init(seen: .seconds(7), attemptBegan: .seconds(6), refused: .seconds(4)))
        let retry = Disturbance(.killed, victims: ["retry1"], began: .milliseconds(5020))
        let check = RecoveryCheck(all, steady: steady)
        #expect(check.recovery(after: retry).firstResult == .milliseconds(2980))
        #expect(check.recovery(after: kill).firstResult == .milliseconds(80))
    }
}
