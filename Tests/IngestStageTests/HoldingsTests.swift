import Messages
import Testing

@testable import IngestStage

struct HoldingsTests {
    @Test
    func remembersWhatItHoldsUntilItIsRemoved() {
        var holdings = Holdings()
        let first = holdings.insert(holding("a"))
        let second = holdings.insert(holding("b"))
        #expect(holdings.count == 2)
        #expect(holdings[first]?.receipt == Receipt("a"))
        #expect(holdings.remove(first)?.receipt == Receipt("a"))
        #expect(holdings.remove(first) == nil)
        #expect(holdings[second]?.receipt == Receipt("b"))
        #expect(holdings.count == 1)
    }

    @Test
    func doesNotMistakeALateTokenForALaterRequestInTheSamePlace() {
        var holdings = Holdings()
        let old = holdings.insert(holding("a"))
        _ = holdings.remove(old)
        let new = holdings.insert(holding("b"))
        #expect(old != new)
        #expect(holdings[old] == nil)
        #expect(holdings.remove(old) == nil)
        #expect(holdings[new]?.receipt == Receipt("b"))
    }

    @Test
    func findsTheLeasesOfAQueueThatAreOld() {
        var holdings = Holdings()
        let old = holdings.insert(holding("a", at: .seconds(1)))
        _ = holdings.insert(holding("b", at: .seconds(9)))
        _ = holdings.insert(holding("c", queue: 1, at: .seconds(1)))
        #expect(holdings.tokens(queue: 0, leasedBefore: .seconds(5)) == [old])
        holdings[old]?.leasedAt = .seconds(10)
        #expect(holdings.tokens(queue: 0, leasedBefore: .seconds(5)) == [])
    }

    @Test
    func answersATokenItNeverGaveWithNothing() {
        var holdings = Holdings()
        #expect(holdings[77] == nil)
        #expect(holdings.remove(77) == nil)
    }

    @Test
    func takesWhatIsNotOursForTakenOverOnlyIfItIsStillOpenTheNextTime() {
        var holdings = Holdings()
        let open = holdings.insert(holding("open"))
        let settled = holdings.insert(holding("settled"))
        holdings[open]?.isSent = true
        holdings[settled]?.isSent = true
        let missed = [Receipt("open"), Receipt("settled"), Receipt("unknown")]
        #expect(holdings.miss(missed, queue: 0) == (0, []))
        _ = holdings.remove(settled)
        #expect(holdings.miss(missed, queue: 0) == (1, []))
        #expect(holdings.miss(missed, queue: 0) == (0, []), "said once")
    }

    @Test
    func takesWhatNobodyCanHaveSettledForTakenOverAtOnce() {
        var holdings = Holdings()
        let waiting = holdings.insert(holding("waiting"))
        _ = holdings.insert(holding("waiting", queue: 1))
        #expect(holdings.miss([Receipt("waiting")], queue: 0) == (0, [waiting]))
    }

    private func holding(_ receipt: String, queue: Int = 0, at time: Duration = .zero) -> Holdings.Holding {
        .init(queue: queue, receipt: Receipt(receipt), leasedAt: time)
    }
}
