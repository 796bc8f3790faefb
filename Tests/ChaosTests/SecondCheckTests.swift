import Testing

@testable import Chaos

/// Moments in whole seconds, for short tables.
///
/// Request 1 has its first result after 2 s, and may be delivered again for 20 s after a fault.
struct SecondCheckTests {
    private func attempt(_ began: Int, _ outcome: Attempt.Outcome = .answered) -> Attempt {
        Attempt(request: 1, process: "dispatch1", began: .seconds(began), ended: .seconds(began + 1), outcome: outcome)
    }

    private func cause(
        _ attempts: [Attempt], _ disturbances: [Disturbance], seenAt moment: Int = 15
    ) -> SecondCheck.Cause? {
        let record = RunRecord(
            attempts: attempts, disturbances: disturbances, results: ResultBooks.Summary(), seen: [1: .seconds(2)],
            begin: .zero)
        return SecondCheck(record, redelivery: .seconds(20)).cause(of: 1, seenAt: .seconds(moment))
    }

    private func fault(
        _ kind: Disturbance.Kind, _ victims: [String] = [], on road: Fault.Road? = nil, at began: Int
    ) -> Disturbance {
        Disturbance(kind, victims: victims, on: road, began: .seconds(began))
    }

    @Test
    func blamesAnEmitThatDiedWhenTheFirstResultCame() {
        #expect(cause([attempt(1), attempt(13)], [fault(.killed, ["emit1"], at: 3)]) == .emitDied)
        // Dispatch still has the answer, and gives it to another.
        #expect(cause([attempt(1)], [fault(.killed, ["emit1"], at: 3)]) == .emitDied)
        #expect(cause([attempt(1), attempt(13)], [fault(.killed, ["emit1"], at: 8)]) == .redelivered)
    }

    @Test(arguments: [
        (Disturbance.Kind.killed, ["ingest1"]), (.frozen, ["ingest1"]), (.serverFrozen, []), (.serverAway, []),
        (.connectionsCut, []), (.replyLost, []),
    ])
    func blamesTheQueueForWhatWasWorkedOnAgainAfterAFault(kind: Disturbance.Kind, victims: [String]) {
        #expect(cause([attempt(1), attempt(13)], [fault(kind, victims, at: 8)]) == .redelivered)
    }

    @Test
    func blamesALostConfirmationWhereThereWasOneAnswer() {
        #expect(cause([attempt(1)], [fault(.replyLost, at: 2)]) == .unconfirmed)
        #expect(cause([attempt(0, .refused), attempt(1)], [fault(.frozen, ["emit1"], at: 2)]) == .unconfirmed)
        #expect(cause([attempt(1)], [fault(.frozen, ["ingest1"], at: 2)]) == nil)
    }

    @Test
    func tellsWhatStagesRepeatFromWhatTheQueueDoes() {
        let twice = [attempt(1), attempt(13)]
        #expect(cause(twice, [fault(.killed, ["dispatch1"], at: 8)]) == .repeated)
        #expect(cause(twice, [fault(.connectionsSilent, on: .stages, at: 8)]) == .repeated)
        #expect(cause(twice, [fault(.connectionsCut, on: .toServer, at: 8)]) == .redelivered)
        #expect(cause([attempt(1)], [fault(.killed, ["dispatch1"], at: 8)]) == nil)
        #expect(cause(twice, [fault(.killed, ["retry1"], at: 8)]) == nil)
    }

    @Test
    func acceptsNoReasonBeforeAFaultOrLongAfterItOrFromAPoliteEnd() {
        let twice = [attempt(1), attempt(13)]
        #expect(cause(twice, []) == nil)
        #expect(cause(twice, [fault(.drained, ["ingest1"], at: 8), fault(.scaled, at: 9)]) == nil)
        #expect(cause(twice, [fault(.killed, ["ingest1"], at: 14)]) == nil)
        #expect(cause([attempt(1), attempt(40)], [fault(.killed, ["ingest1"], at: 8)], seenAt: 41) == nil)
    }

    @Test
    func countsTheSecondResultsOfEachCause() {
        let record = RunRecord(
            attempts: [attempt(1), attempt(13)], disturbances: [fault(.killed, ["ingest1"], at: 8)],
            results: ResultBooks.Summary(requests: 3, second: [1, 2], secondSeen: [.seconds(15), .seconds(15)]),
            seen: [1: .seconds(2), 2: .seconds(2)], begin: .zero)
        #expect(SecondCheck(record, redelivery: .seconds(20)).causes(of: record.results) == [.redelivered: 1])
        let report = CellReport(Cell("some", ""), record, leftovers: [], redelivery: .seconds(20))
        #expect(report.failures == ["1 second results without a reason"])
        #expect(ReportTable.line(report).contains("second 2 (1 redelivered)"))
        #expect(ReportTable.section([report], queue: "q", seed: 1, machine: "").contains("* *unconfirmed*: the "))
        #expect(CellReport(Cell("some", ""), record, leftovers: []).failures.contains("2 second results"))
    }
}
