import Testing

@testable import Apctl

struct RestartPolicyTests {
    @Test
    func restartsWithLongerPausesAndThenGivesUp() {
        var policy = RestartPolicy()
        let decisions = (0...5).map { policy.decide(.signalled(9), now: Double($0)) }
        #expect(
            decisions == [
                .restart(after: 0.1), .restart(after: 0.2), .restart(after: 0.4), .restart(after: 0.8),
                .restart(after: 1.6), .giveUp(reason: "ended 6 times within 60 seconds, last with signal 9"),
            ])
    }

    @Test
    func aCrashNowAndThenIsForgiven() {
        var policy = RestartPolicy()
        for crash in 0..<100 { #expect(policy.decide(.exited(1), now: Double(crash) * 61) == .restart(after: 0.1)) }
    }

    @Test(arguments: [(Int32(64), "does not accept its settings"), (126, "cannot be started")])
    func whatCannotWorkIsNotTriedAgain(code: Int32, reason: String) {
        var policy = RestartPolicy()
        #expect(policy.decide(.exited(code), now: 0) == .giveUp(reason: reason))
    }
}
