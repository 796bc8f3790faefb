import Messages
import RetryPolicy
import Testing

/// What becomes of an envelope whose attempt failed.
struct SettlingTests {
    private func envelope(status: Int?, failedAttempts: Int = 0, reason: String = "connection refused") -> Envelope {
        Envelope(
            id: "a", queue: "q", receipt: Receipt("r"), resultDestination: "d", url: "http://h/", deadline: 100,
            failedAttempts: failedAttempts, deliveries: 2, losses: 1, isBase64: true, leasedAt: 7, payload: [1, 2],
            progress: .failed(FailedAttempt(statusCode: status, body: [9], reason: reason)))
    }

    private func result(_ policy: RetryPolicy, _ envelope: Envelope, now: Int64) -> Ending.Result? {
        guard case .ended(.result(let result)) = policy.settle(envelope, now: now, random: { 0 })?.progress else {
            return nil
        }
        return result
    }

    @Test
    func parksAndCountsTheAttempt() {
        var expected = envelope(status: 503)
        expected.failedAttempts = 1
        expected.payload = []
        expected.progress = .ended(.parked(afterMilliseconds: 2000))
        #expect(RetryPolicy().settle(envelope(status: 503), now: 0, random: { 0 }) == expected)
    }

    @Test
    func waitsLongerWithEachAttemptCounted() throws {
        let settled = try #require(
            RetryPolicy().settle(envelope(status: 503, failedAttempts: 2), now: 0, random: { 0 }))
        #expect(settled.progress == .ended(.parked(afterMilliseconds: 8000)))
        #expect(settled.failedAttempts == 3)
    }

    @Test(arguments: [Int64(99_001), 100_000, 200_000])
    func givesTheLastAnswerWhenNoTimeIsLeft(now: Int64) {
        #expect(result(RetryPolicy(), envelope(status: 503), now: now) == .answer(statusCode: 503, body: [9]))
    }

    @Test
    func saysDeadlineExceededWhenNothingEverAnswered() {
        #expect(
            result(RetryPolicy(), envelope(status: nil), now: 100_000)
                == .failure(.deadlineExceeded, message: "deadline exceeded; the last: connection refused"))
        #expect(
            result(RetryPolicy(), envelope(status: nil, reason: ""), now: 100_000)
                == .failure(.deadlineExceeded, message: "deadline exceeded"))
    }

    @Test
    func stopsAfterSoManyAttempts() {
        let policy = RetryPolicy(maxAttempts: 3)
        #expect(result(policy, envelope(status: 429, failedAttempts: 1), now: 0) == nil)
        #expect(result(policy, envelope(status: 429, failedAttempts: 2), now: 0) == .answer(statusCode: 429, body: [9]))
        #expect(
            result(policy, envelope(status: nil, failedAttempts: 2), now: 0)
                == .failure(.attemptsExhausted, message: "3 attempts failed; the last: connection refused"))
        #expect(
            result(RetryPolicy(maxAttempts: 1), envelope(status: nil), now: 0)
                == .failure(.attemptsExhausted, message: "1 attempt failed; the last: connection refused"))
    }

    @Test
    func retriesEightTimesAndMoreWithoutALimit() throws {
        for failedAttempts in [8, 50, 1 << 30] {
            let settled = RetryPolicy().settle(
                envelope(status: 503, failedAttempts: failedAttempts), now: 0, random: { 0 })
            #expect(settled?.progress == .ended(.parked(afterMilliseconds: 30_000)))
        }
    }

    @Test
    func hasNoWordOnRequestsThatDidNotFail() {
        var waiting = envelope(status: nil)
        waiting.progress = .waiting
        #expect(RetryPolicy().settle(waiting, now: 0, random: { 0 }) == nil)
        waiting.progress = .ended(.released)
        #expect(RetryPolicy().settle(waiting, now: 0, random: { 0 }) == nil)
    }

    @Test
    func keepsNothingOfTheBodiesOfParkedRequests() throws {
        let settled = try #require(RetryPolicy().settle(envelope(status: 500), now: 0, random: { 0.5 }))
        #expect(settled.payload.isEmpty)
        #expect(settled.progress == .ended(.parked(afterMilliseconds: 3000)))
    }

    @Test
    func cannotCountTooFar() {
        let envelope = envelope(status: 503, failedAttempts: .max)
        #expect(RetryPolicy().settle(envelope, now: 0, random: { 0 })?.failedAttempts == .max)
    }
}
