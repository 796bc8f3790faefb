import SettlementModel
import Testing

/// The embedded queue under random schedules; `AP_SETTLEMENT_SCHEDULES=17+1` replays one that failed.
@Suite(.serialized)
struct SQLiteModelTests {
    static let schedules: UInt64 = 100

    @Test(.timeLimit(.minutes(10)))
    func doesAsTheModelSays() async throws {
        let trial = SettlementTrial { try SQLiteModelHarness() }
        try await expectNoFailure(trial, schedules: Seeds.range(Self.schedules))
    }

    /// Bytes have no identity here, and a lease whose reply was lost expires.
    static let defects = SettlementDefect.allCases.filter { $0 != .lostLeaseForgotten && $0 != .takenWhileHeld }

    @Test(.timeLimit(.minutes(1)), arguments: defects)
    func findsTheMistake(defect: SettlementDefect) async throws {
        let trial = SettlementTrial(patience: .seconds(2)) { try SQLiteModelHarness(defect: defect) }
        let failure = try await firstFailure(trial, schedules: 0..<Self.schedules)
        #expect(failure != nil, "\(defect) was not found")
        if Seeds.areGiven, let failure { print("\(defect): \(failure)") }
    }
}
