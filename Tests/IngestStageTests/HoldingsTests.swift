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

    private func holding(_ receipt: String, queue: Int = 0, at time: Duration = .zero) -> Holdings.Holding {
        .init(queue: queue, receipt: Receipt(receipt), leasedAt: time)
    }
}
