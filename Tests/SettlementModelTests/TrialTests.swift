import SettlementModel
import Testing

/// What a failure tells, and how it is replayed.
@Suite(.timeLimit(.minutes(1)))
struct TrialTests {
    /// Fails soon, whatever the schedule.
    private let trial = SettlementTrial { try SQLiteModelHarness(defect: .attemptsForgotten) }

    private func failure() async throws -> SettlementFailure {
        try #require(try await firstFailure(trial, schedules: 0..<10))
    }

    @Test
    func replaysAScheduleByItsNumber() async throws {
        let first = try await failure()
        let second = try #require(try await trial.run(seed: first.seed))
        #expect(first.steps == second.steps)
        #expect(first.description.hasPrefix("schedule \(first.seed), step \(first.steps.count): "))
    }

    @Test
    func shrinksAFailureToWhatItTakes() async throws {
        let small = try await trial.shrink(try await failure())
        // A request, its lease, and the parking that forgets.
        #expect(small.steps.count == 3, "\(small)")
        #expect(try await trial.replay(small.steps) != nil)
    }

    @Test
    func replaysWithoutAFailureWhereThereIsNoMistake() async throws {
        let steps = try await failure().steps
        let sound = SettlementTrial { try SQLiteModelHarness() }
        #expect(try await sound.replay(steps) == nil)
    }

    @Test
    func leavesOutStepsThatMakeNoSense() async throws {
        let lease = LeaseName(request: 1, nth: 1)
        let steps: [Step] = [
            .expire(request: 1), .lease(source: 0, limit: 1, losesReply: false), .becomeDue(request: 2),
            .renew(source: 0, leases: [lease], losesReply: false), .resubmit(request: 3, of: 1), .submit(request: 1),
            .submit(request: 1),
        ]
        #expect(try await trial.replay(steps) == nil)
    }
}
