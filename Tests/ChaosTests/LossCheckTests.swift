import Testing

@testable import Chaos

/// Requests 0 to 9 are published at this moment, 5 s into the run or so.
struct LossCheckTests {
    private let clock = RunClock()
    private let books = RedisPubSubBooks()

    init() {
        books.hears(true)
        books.publishes(0)
        books.published(0, [1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
    }

    private func cause(
        of request: Int = 1, _ disturbances: [Disturbance] = [], listeners: Int = 1, reached: Bool = false,
        answered: Duration? = nil
    ) -> LossCheck.Cause? {
        LossCheck(books, disturbances, listeners: listeners, clock: clock)
            .cause(of: request, reached: reached, answered: answered)
    }

    private func fault(
        _ kind: Disturbance.Kind, _ victims: [String] = [], on road: Fault.Road? = nil, after time: Duration = .zero
    ) -> Disturbance {
        Disturbance(kind, victims: victims, on: road, began: clock.now + time)
    }

    @Test
    func excusesWhatNobodyListenedToAndNothingElse() {
        #expect(cause(of: 3) == .unheard)
        #expect(cause(of: 2) == nil)
        #expect(cause(of: 10) == nil, "it was never published")
    }

    @Test
    func excusesWhatDiedUnclaimedWithEveryIngest() {
        let death = fault(.killed, ["ingest1"])
        #expect(cause([death]) == .notClaimed)
        #expect(cause([death], listeners: 2) == nil)
        #expect(cause([death], reached: true) == nil, "it had been claimed")
        #expect(cause([fault(.killed, ["ingest1"], after: .seconds(1))]) == nil)
        #expect(cause([fault(.frozen, ["ingest1"])]) == nil)
        #expect(cause([fault(.killed, ["emit1"])]) == nil)
    }

    @Test
    func excusesWhatWasOnABrokenWay() {
        #expect(cause([fault(.connectionsCut, on: .toServer)]) == .onTheWay)
        #expect(cause([fault(.serverAway)]) == .onTheWay)
        #expect(cause([fault(.connectionsCut, on: .emitToServer)]) == nil)
        #expect(cause([fault(.connectionsCut, on: .stages)]) == nil)
        #expect(cause([fault(.replyLost, on: .ingestToServer)]) == nil)
    }

    @Test
    func excusesAResultThatTheConsumerCouldNotHear() {
        #expect(cause(reached: true, answered: clock.now + .seconds(1)) == nil)
        books.hears(false)
        #expect(cause(reached: true, answered: clock.now) == .resultUnheard)
        #expect(cause(reached: true, answered: clock.now + .seconds(60)) == nil)
        #expect(cause(reached: true) == nil)
    }

    @Test
    func countsCauses() {
        let check = LossCheck(books, [], listeners: 1, clock: clock)
        let found = check.causes(of: [2, 3], attempts: [])
        #expect(found.causes == [.unheard: 1])
        #expect(found.inexcusable == [2])
    }
}
