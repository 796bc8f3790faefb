import Testing

@testable import Chaos

/// Moments in whole seconds, for short tables.
struct RepeatCheckTests {
    private func attempt(
        of request: Int = 1, by process: String = "dispatch1", _ began: Int, _ ended: Int? = nil,
        _ outcome: Attempt.Outcome = .open
    ) -> Attempt {
        Attempt(
            request: request, process: process, began: .seconds(began), ended: ended.map { .seconds($0) },
            outcome: outcome)
    }

    private func finding(
        _ attempts: [Attempt], _ disturbances: [Disturbance] = [], settled: [Int: Double] = [1: 90]
    ) -> RepeatCheck.Finding {
        RepeatCheck(disturbances: disturbances, settled: settled.mapValues { .seconds($0) }, heldPerDispatch: 10)
            .check(attempts)
    }

    private func fault(_ kind: Disturbance.Kind, _ victims: [String], _ began: Int, _ ended: Int? = nil) -> Disturbance
    {
        Disturbance(kind, victims: victims, began: .seconds(began), ended: .seconds(ended ?? began))
    }

    @Test(arguments: [Attempt.Outcome.refused])
    func countsNoAttemptAfterARefusal(outcome: Attempt.Outcome) {
        #expect(finding([attempt(1, 2, outcome), attempt(3, 4, .answered)]).repeats.isEmpty)
    }

    @Test
    func countsAnAttemptThatBeganBeforeTheRefusal() {
        #expect(finding([attempt(1, 4, .refused), attempt(3, 5, .answered)]).inexcusable.count == 1)
    }

    @Test(arguments: [Attempt.Outcome.answered, .abandoned, .open])
    func countsEveryAttemptAfterOneThatWasNotRefused(outcome: Attempt.Outcome) {
        let found = finding([attempt(1, 2, outcome), attempt(3, 4, .answered)])
        #expect(found.repeats.map(\.isExcused) == [false])
        #expect(found.bound == 0)
    }

    @Test
    func excusesWhatWasInFlightInAKilledDispatch() {
        let found = finding(
            [attempt(1, 5, .abandoned), attempt(by: "dispatch2", 6, 7, .answered)], [fault(.killed, ["dispatch1"], 5)])
        #expect(found.repeats.map(\.isExcused) == [true])
        #expect(found.bound == 1)
    }

    /// Refused, parked for the next attempt, and given to another dispatch as well, since the first died too early to
    /// hear of that.
    @Test(arguments: [(refusedAt: 5, isExcused: true), (refusedAt: 3, isExcused: false)])
    func excusesOneMoreAttemptAfterARefusalWhoseVerdictTheDeadHadNotHeard(refusedAt: Int, isExcused: Bool) {
        let found = finding(
            [
                attempt(1, refusedAt, .refused), attempt(by: "dispatch2", 6, 7, .answered),
                attempt(by: "dispatch2", 8, 9, .answered),
            ], [fault(.killed, ["dispatch1"], 5)], settled: [1: 7])
        #expect(found.repeats.map(\.isExcused) == [isExcused])
    }

    @Test
    func excusesWhatWasAnsweredAndNotSettled() {
        let found = finding(
            [attempt(1, 2, .answered), attempt(by: "dispatch2", 6, 7, .answered)],
            [fault(.killed, ["dispatch1"], 5)], settled: [1: 8])
        #expect(found.repeats.map(\.isExcused) == [true])
    }

    @Test
    func excusesNothingThatWasSettledBefore() {
        let found = finding(
            [attempt(1, 2, .answered), attempt(by: "dispatch2", 6, 7, .answered)],
            [fault(.killed, ["dispatch1"], 5)], settled: [1: 3])
        #expect(found.inexcusable.count == 1)
        #expect(found.bound == 0)
    }

    @Test
    func givesTheNewsThatARequestIsSettledAMomentToTravel() {
        let attempts = [attempt(1, 2, .answered), attempt(by: "dispatch2", 6, 7, .answered)]
        func isExcused(settled: Duration) -> Bool {
            RepeatCheck(disturbances: [fault(.killed, ["dispatch1"], 5)], settled: [1: settled], heldPerDispatch: 1)
                .check(attempts).inexcusable.isEmpty
        }
        #expect(isExcused(settled: .milliseconds(4950)))
        #expect(!isExcused(settled: .milliseconds(4850)))
    }

    @Test
    func excusesWhatWasInFlightThoughAnotherAttemptHadBroughtTheResult() {
        let found = finding(
            [
                attempt(1, 2, .answered), attempt(by: "dispatch2", 4, 5, .abandoned),
                attempt(by: "dispatch3", 6, 7, .answered),
            ], [fault(.killed, ["dispatch1"], 2), fault(.killed, ["dispatch2"], 5)], settled: [1: 2])
        #expect(found.repeats.map(\.isExcused) == [true, true])
    }

    @Test
    func excusesNothingOfAProcessThatLived() {
        let found = finding(
            [attempt(by: "dispatch2", 1, 5, .abandoned), attempt(6, 7, .answered)], [fault(.killed, ["dispatch1"], 5)])
        #expect(found.inexcusable.count == 1)
    }

    @Test
    func excusesWhatAFrozenDispatchHeldAndStartedLater() {
        let frozen = fault(.frozen, ["dispatch1"], 5, 15)
        let late = finding([attempt(by: "dispatch2", 9, 10, .answered), attempt(16, 17, .answered)], [frozen])
        #expect(late.repeats.map(\.isExcused) == [true])
        #expect(late.bound == 10)
        let muchLater = finding([attempt(by: "dispatch2", 9, 10, .answered), attempt(30, 31, .answered)], [frozen])
        #expect(muchLater.inexcusable.count == 1)
    }

    @Test
    func excusesWhatWasInThePipelineOfAKilledIngest() {
        let attempts = [attempt(1, 50, .answered), attempt(40, 45, .answered)]
        #expect(finding(attempts, [fault(.killed, ["ingest1"], 5)], settled: [1: 45]).inexcusable.isEmpty)
        #expect(finding(attempts, [], settled: [1: 45]).inexcusable.count == 1)
    }

    @Test(arguments: [
        Disturbance.Kind.connectionsCut, .connectionsDelayed, .serverAway, .serverFrozen, .replyLost, .drained, .scaled,
    ])
    func acceptsNoOtherExcuse(kind: Disturbance.Kind) {
        let found = finding(
            [attempt(1, 5, .abandoned), attempt(6, 7, .answered)], [fault(kind, ["dispatch1"], 4, 6)])
        #expect(found.inexcusable.count == 1)
        #expect(found.bound == 0)
    }

    @Test(arguments: ["retry1", "emit1"])
    func acceptsNoExcuseFromThoseThatMakeNoAttempts(victim: String) {
        let found = finding([attempt(1, 5, .answered), attempt(6, 7, .answered)], [fault(.killed, [victim], 4)])
        #expect(found.inexcusable.count == 1)
    }

    @Test
    func excusesALinkThatWasSilentForLong() {
        let found = finding(
            [attempt(1, 5, .answered), attempt(by: "dispatch2", 8, 9, .answered)],
            [fault(.connectionsSilent, [], 4, 10)])
        #expect(found.repeats.map(\.isExcused) == [true])
        #expect(found.bound == 2)
    }

    /// The news that it was settled was on its way.
    @Test(arguments: [(3.95, true), (3.5, false)])
    func excusesWhatWasSettledRightBeforeTheLinksFellSilent(settled: Double, isExcused: Bool) {
        let found = finding(
            [attempt(1, 3, .answered), attempt(by: "dispatch2", 8, 9, .answered)],
            [fault(.connectionsSilent, [], 4, 10)], settled: [1: settled])
        #expect(found.repeats.map(\.isExcused) == [isExcused])
    }

    @Test(arguments: [(Disturbance.Kind.replyLost, 1), (.serverFrozen, 1), (.drained, 0)])
    func excusesWhatAQueueMayHaveDeliveredAgain(kind: Disturbance.Kind, excused: Int) {
        let attempts = [attempt(1, 2, .answered), attempt(12, 13, .answered)]
        let faults = [fault(kind, [], 4, 6)]
        func found(_ redelivery: Int) -> RepeatCheck.Finding {
            RepeatCheck(
                disturbances: faults, settled: [1: .seconds(2)], heldPerDispatch: 1, redelivery: .seconds(redelivery)
            ).check(attempts)
        }
        #expect(found(10).redelivered == excused)
        #expect(found(10).inexcusable.count == 1 - excused)
        #expect(found(10).bound == excused)
        // The lease would have run out before.
        #expect(found(5).redelivered == 0 && found(5).inexcusable.count == 1)
        #expect(finding(attempts, faults, settled: [1: 2]).inexcusable.count == 1)
    }

    @Test
    func blamesTheQueueForNothingThatStagesDoAmongThemselves() {
        let attempts = [attempt(1, 2, .answered), attempt(12, 13, .answered)]
        let faults = [
            Disturbance(.connectionsCut, on: .stages, began: .seconds(4)), fault(.killed, ["retry1"], 4),
            fault(.killed, ["dispatch2"], 4),
        ]
        let check = RepeatCheck(
            disturbances: faults, settled: [1: .seconds(2)], heldPerDispatch: 1, redelivery: .seconds(20))
        #expect(check.check(attempts).inexcusable.count == 1)
    }

    @Test
    func wantsAnExcuseForEveryAttemptBefore() {
        let found = finding(
            [
                attempt(1, 5, .abandoned), attempt(by: "dispatch2", 6, 7, .answered),
                attempt(by: "dispatch2", 8, 9, .answered),
            ], [fault(.killed, ["dispatch1"], 5)])
        #expect(found.repeats.map(\.isExcused) == [true, false])
    }
}
