import Testing

@testable import GooglePubSubSource

struct PullPlanTests {
    @Test
    func waitsWithOneSmallPull() {
        let plan = PullPlan()
        #expect(plan.next(wanted: 500, underWay: 0, asked: 0) == PullPlan.waitingMessages)
        #expect(plan.next(wanted: 490, underWay: 1, asked: 10) == nil)
    }

    @Test
    func asksForNoMoreThanIsWanted() {
        let plan = PullPlan()
        #expect(plan.next(wanted: 3, underWay: 0, asked: 0) == 3)
        #expect(plan.next(wanted: 0, underWay: 0, asked: 0) == nil)
    }

    @Test
    func hasMorePullsUnderWayTheMoreComesBackFull() {
        var plan = PullPlan()
        for _ in 0..<20 { plan.answered(100, of: 100, bytes: 70_000, after: .milliseconds(6)) }
        #expect(plan.pulls == PullPlan.maxPulls)
        #expect(plan.next(wanted: 500, underWay: 3, asked: 300) == 100)
    }

    @Test(arguments: [(0, Duration.milliseconds(5)), (10, .seconds(3))])
    func goesBackToOneWhenThereIsNothing(_ count: Int, _ time: Duration) {
        var plan = PullPlan()
        for _ in 0..<5 { plan.answered(100, of: 100, bytes: 70_000, after: .milliseconds(6)) }
        plan.answered(count, of: 10, bytes: 700 * count, after: time)
        #expect(plan.pulls == 1)
        #expect(plan.next(wanted: 500, underWay: 0, asked: 0) == PullPlan.waitingMessages)
    }

    @Test
    func hasMorePullsUnderWayWhenTheServerGivesFewThoughThereAreMore() {
        var plan = PullPlan()
        for _ in 0..<3 { plan.answered(20, of: 100, bytes: 14_000, after: .milliseconds(30)) }
        #expect(plan.pulls == 4)
    }

    @Test
    func keepsItsPullsWhenFewCameAfterAWhile() {
        var plan = PullPlan()
        for _ in 0..<3 { plan.answered(100, of: 100, bytes: 70_000, after: .milliseconds(6)) }
        plan.answered(10, of: 100, bytes: 7_000, after: .milliseconds(200))
        #expect(plan.pulls == 4)
    }

    @Test
    func doesNotTakeALongTransferForAWait() {
        var plan = PullPlan()
        for _ in 0..<5 { plan.answered(100, of: 100, bytes: 50 << 20, after: .seconds(1)) }
        #expect(plan.pulls > 1)
        #expect(!plan.isWaiting)
    }

    @Test
    func asksForFewLargeMessages() {
        var plan = PullPlan()
        for _ in 0..<30 { plan.answered(10, of: 10, bytes: 80 << 20, after: .milliseconds(50)) }
        let first = plan.next(wanted: 500, underWay: 0, asked: 0)
        #expect(first == 8)
        #expect(plan.next(wanted: 492, underWay: 1, asked: 8) == nil)
    }

    @Test
    func asksForOneWhenNotEvenThatFits() {
        var plan = PullPlan()
        for _ in 0..<10 { plan.wasTooLarge(1) }
        #expect(plan.next(wanted: 500, underWay: 0, asked: 0) == 1)
        #expect(plan.next(wanted: 499, underWay: 1, asked: 1) == nil)
    }
}
