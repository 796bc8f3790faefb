import Forecasts
import Queue
import Testing

struct ForecastTests {
    private func backlog(_ points: [(left: Double, count: Int)], total: Int? = nil, parked: Int = 0) -> Backlog {
        let total = total ?? points.last?.count ?? 0
        var backlog = Backlog(waiting: total, parked: parked)
        backlog.deadlines = DeadlineCounts(
            points.map { DeadlineCounts.Point(left: $0.left, count: $0.count) }, total: total)
        return backlog
    }

    private func forecast(
        _ backlog: Backlog, ahead: Int = 0, perSecond: Double? = 1, secondsEach: Double? = 2
    ) -> Forecast {
        Forecast(backlog, ahead: ahead, perSecond: perSecond, secondsEach: secondsEach)
    }

    @Test
    func findsNobodyAtRiskInAnEmptyQueue() {
        let empty = forecast(backlog([(0, 0), (60, 0)]), perSecond: nil, secondsEach: nil)
        #expect(empty.atRisk == 0)
        #expect(empty.slotsRequired == 0)
        #expect(empty.eta == 0)
    }

    @Test
    func countsWhatGoesBeyondWhatCanBeMade() {
        #expect(forecast(backlog([(0, 0), (60, 50)])).atRisk == 0)
        #expect(forecast(backlog([(0, 0), (60, 100)])).atRisk == 40)
    }

    /// Those that are late after a minute are not served later at others' cost.
    @Test
    func doesNotAddUpWhatIsMissedOnce() {
        #expect(forecast(backlog([(0, 0), (60, 100), (600, 110)])).atRisk == 40)
        #expect(forecast(backlog([(0, 0), (60, 100), (120, 200)])).atRisk == 80)
    }

    @Test
    func takesWhatIsLateAsMissedAndAsNoWork() {
        let late = forecast(backlog([(0, 30), (60, 80)]))
        #expect(late.atRisk == 30)
        #expect(late.eta == 50)
        #expect(late.slotsRequired == 2)
    }

    @Test
    func servesWhatIsLeasedFirst() {
        #expect(forecast(backlog([(0, 0), (60, 50)]), ahead: 30).atRisk == 20)
        #expect(forecast(backlog([(0, 0), (60, 5)]), ahead: 3000).atRisk == 5, "no more than there are")
        #expect(forecast(backlog([(0, 0), (60, 50)], parked: 7), ahead: 30).eta == 87)
    }

    @Test
    func namesTheSlotsThatTheTightestMomentNeeds() {
        // 100 requests of 2 s within 60 s; later there is time.
        #expect(forecast(backlog([(0, 0), (60, 100), (6000, 200)])).slotsRequired == 4)
        // What is due before it could be answered needs a slot each.
        #expect(forecast(backlog([(0, 0), (1, 7)])).slotsRequired == 7)
    }

    @Test
    func saysNothingThatItDoesNotKnow() {
        let unmeasured = forecast(backlog([(0, 0), (60, 100)]), perSecond: nil, secondsEach: nil)
        #expect(unmeasured == forecast(backlog([(0, 0), (60, 100)]), perSecond: nil, secondsEach: nil))
        #expect(unmeasured.atRisk == nil)
        #expect(unmeasured.slotsRequired == nil)
        #expect(unmeasured.eta == nil)
        let uncounted = forecast(Backlog(waiting: 100, parked: 0))
        #expect(uncounted.atRisk == nil)
        #expect(uncounted.slotsRequired == nil)
        #expect(uncounted.eta == 100)
        #expect(forecast(Backlog(parked: 3)).eta == nil)
    }

    @Test
    func saysThatItTakesForeverWhenNothingEnds() {
        let stuck = forecast(backlog([(0, 0), (60, 100)]), perSecond: 0, secondsEach: nil)
        #expect(stuck.eta == .infinity)
        #expect(stuck.atRisk == 100)
    }

    /// Pub/Sub counts what is leased among what waits.
    @Test
    func countsNothingTwiceWhereTheServerCountsLeasesToo() {
        var backlog = Backlog(waiting: 100)
        backlog.includesLeased = true
        #expect(forecast(backlog, ahead: 30).eta == 100)
    }
}

struct DeadlineCountsTests {
    private func counts(_ deadlines: [Double], _ steps: [Double]) -> [DeadlineCounts.Point] {
        steps.map { step in DeadlineCounts.Point(left: step, count: deadlines.count { $0 <= step }) }
    }

    @Test
    func putsCountsInOrderWhateverCameAndWentMeanwhile() {
        let counts = DeadlineCounts(
            [.init(left: 5, count: 3), .init(left: 0, count: 1), .init(left: 9, count: 2)], total: 2)
        #expect(counts.points.map(\.count) == [1, 3, 3])
        #expect(counts.total == 3)
        #expect(counts.count(within: -1) == 0)
        #expect(counts.count(within: 7) == 3)
    }

    @Test
    func hasFewStepsUpToAMonthAndThoseOfTheHistogram() {
        #expect(DeadlineLadder.steps.count < 150)
        #expect(Set(DeadlineLadder.limits.map { $0 / 1000 }).isSubset(of: DeadlineLadder.steps))
        #expect(DeadlineLadder.steps == DeadlineLadder.steps.sorted())
        #expect(zip(DeadlineLadder.steps, DeadlineLadder.steps.dropFirst()).allSatisfy { $1 < $0 + max(1, $0 / 7) + 1 })
    }

    /// A batch has one deadline; where it is, is known to a hundredth.
    @Test(arguments: [90.0, 3_700, 20_000, 100_000])
    func findsTheDeadlineOfABatch(due: Double) {
        let deadlines = [Double](repeating: due, count: 10_000) + (0..<500).map { Double($0) * 150 }
        let rough = DeadlineCounts(counts(deadlines, DeadlineLadder.steps), total: deadlines.count)
        let more = DeadlineLadder.refine(rough)
        #expect(more.count <= 60)
        let fine = rough.adding(counts(deadlines, more))
        let before = fine.points.last { $0.left < due }
        let after = fine.points.first { $0.left >= due }
        #expect((after?.left ?? 0) - (before?.left ?? 0) < max(1, due / 100))
        #expect((after?.count ?? 0) - (before?.count ?? 0) >= 10_000)
    }

    @Test
    func refinesNothingWhereNothingWaits() {
        #expect(DeadlineLadder.refine(DeadlineCounts(counts([], DeadlineLadder.steps), total: 0)).isEmpty)
    }
}
