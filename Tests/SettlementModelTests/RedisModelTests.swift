import SettlementModel
import TestServers
import Testing

/// The sorted set under random schedules; `AP_SETTLEMENT_SCHEDULES=17+1` replays one that failed.
@Suite(.serialized)
struct RedisModelTests {
    static let schedules: UInt64 = 100

    @Test(.timeLimit(.minutes(10)))
    func doesAsTheModelSays() async throws {
        let server = try await RedisModelHarness.makeServer()
        let trial = SettlementTrial { try RedisModelHarness(server) }
        try await expectNoFailure(trial, schedules: Seeds.range(Self.schedules))
    }

    @Test(.timeLimit(.minutes(1)), arguments: SettlementDefect.allCases)
    func findsTheMistake(defect: SettlementDefect) async throws {
        let server = try await RedisModelHarness.makeServer()
        let trial = SettlementTrial(patience: .seconds(2)) { try RedisModelHarness(server, defect: defect) }
        let failure = try await firstFailure(trial, schedules: 0..<Self.schedules)
        #expect(failure != nil, "\(defect) was not found")
        if Seeds.areGiven, let failure { print("\(defect): \(failure)") }
    }
}
