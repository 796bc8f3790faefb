import Messages
import RetryPolicy
import Testing

struct RetryPolicyTests {
    @Test(arguments: [
        (1, 2000, 4000), (2, 4000, 8000), (3, 8000, 16000), (4, 16000, 32000), (5, 30000, 60000), (900, 30000, 60000),
    ])
    func waitsExponentiallyLonger(failedAttempts: Int, shortest: Int64, longest: Int64) {
        for step in 0..<100 {
            let decision = RetryPolicy().decide(
                FailedAttempt(statusCode: 503, body: [], reason: ""), failedAttempts: failedAttempts,
                millisecondsLeft: 3_600_000, random: { Double(step) / 100 })
            guard case .park(let delay) = decision else { return #expect(Bool(false), "gave up") }
            #expect(delay >= shortest && delay < longest)
        }
    }
}
