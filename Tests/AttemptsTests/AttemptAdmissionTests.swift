import Testing

@testable import Attempts

struct AttemptAdmissionTests {
    @Test(arguments: [
        (Int64(100), Int64(99_999), AttemptAdmission.attempt(timeout: .milliseconds(1))),
        (100, 100_000, .deadlineOver),
        (100, 100_001, .deadlineOver),
        (0, 1, .deadlineOver),
        (130, 100_000, .attempt(timeout: .seconds(20))),
        (120, 100_000, .attempt(timeout: .seconds(20))),
        (119, 100_000, .attempt(timeout: .seconds(19))),
        (.max, 100_000, .attempt(timeout: .seconds(20))),
        (.min, 100_000, .deadlineOver),
    ])
    func anAttemptTakesAtMostTheTimeLeft(deadline: Int64, now: Int64, admission: AttemptAdmission) {
        #expect(AttemptAdmission(deadline: deadline, now: now, requestTimeout: .seconds(20)) == admission)
    }
}
