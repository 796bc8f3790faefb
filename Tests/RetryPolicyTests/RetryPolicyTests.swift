import Messages
import RetryPolicy
import Testing

struct RetryPolicyTests {
    private let steps = (0..<100).map { Double($0) / 100 } + [0.9999999]

    /// The delay in milliseconds; `nil` when the policy gives up.
    private func wait(
        _ policy: RetryPolicy = RetryPolicy(), status: Int? = 503, retryAfter: Int64? = nil, failedAttempts: Int = 1,
        left: Int64 = 3_600_000, random: Double = 0
    ) -> Int64? {
        let attempt = FailedAttempt(statusCode: status, body: [], reason: "r", retryAfterMilliseconds: retryAfter)
        let decision = policy.decide(
            attempt, failedAttempts: failedAttempts, millisecondsLeft: left, random: { random })
        guard case .park(let delay) = decision else { return nil }
        return delay
    }

    @Test(arguments: [
        (1, 2000, 4000), (2, 4000, 8000), (3, 8000, 16000), (4, 16000, 32000), (5, 30000, 60000), (6, 30000, 60000),
        (900, 30000, 60000), (Int.max, 30000, 60000),
    ])
    func waitsExponentiallyLonger(failedAttempts: Int, shortest: Int64, longest: Int64) throws {
        let delays = try steps.map { try #require(wait(failedAttempts: failedAttempts, random: $0)) }
        #expect(delays.first == shortest)
        #expect(delays.allSatisfy { $0 >= shortest && $0 < longest })
        #expect(delays == delays.sorted() && Set(delays).count > 90, "not spread over the range")
    }

    /// The pause that grows is the gateway's then, and dispatch keeps it.
    @Test
    func waitsNoLongerThanAfterTheFirstFailureWhereThereWasNoConnection() {
        let attempt = FailedAttempt(statusCode: nil, body: [], reason: "refused", isUnreached: true)
        for failedAttempts in [1, 5, 900] {
            let decision = RetryPolicy().decide(
                attempt, failedAttempts: failedAttempts, millisecondsLeft: 1_000_000, random: { 0.5 })
            #expect(decision == .park(afterMilliseconds: 3000))
        }
        let last = RetryPolicy(maxAttempts: 3).decide(
            attempt, failedAttempts: 3, millisecondsLeft: 1_000_000, random: { 0.5 })
        #expect(last == .giveUp(.failure(.attemptsExhausted, message: "3 attempts failed; the last: refused")))
    }

    @Test
    func triesAtOnceWhatHadToMakeWayButNotForEver() {
        let attempt = FailedAttempt(statusCode: 429, body: [], reason: "evicted", isEvicted: true)
        let decisions = (1...4).map {
            RetryPolicy().decide(attempt, failedAttempts: $0, millisecondsLeft: 1_000_000, random: { 0 })
        }
        #expect(decisions.dropLast().allSatisfy { $0 == .park(afterMilliseconds: 0) })
        #expect(decisions.last == .park(afterMilliseconds: 16_000))
        var asked = attempt
        asked.retryAfterMilliseconds = 5000
        #expect(
            RetryPolicy().decide(asked, failedAttempts: 1, millisecondsLeft: 1_000_000, random: { 0 })
                == .park(afterMilliseconds: 5000))
    }

    @Test
    func followsItsSettings() {
        let policy = RetryPolicy(base: 0.25, maximum: 1.5)
        #expect(wait(policy, failedAttempts: 1) == 250)
        #expect(wait(policy, failedAttempts: 2) == 500)
        #expect(wait(policy, failedAttempts: 10) == 750)
        #expect(wait(RetryPolicy(base: 10, maximum: 4), failedAttempts: 1) == 2000)
    }

    @Test
    func waitsTheSameWhenFixed() throws {
        let policy = RetryPolicy(backoff: .fixed, base: 5, maximum: 1)
        for failedAttempts in [1, 2, 50] {
            let delays = try steps.map { try #require(wait(policy, failedAttempts: failedAttempts, random: $0)) }
            #expect(delays.min() == 4500)
            #expect(delays.allSatisfy { $0 < 5500 } && delays.contains { $0 > 5400 })
        }
    }

    @Test
    func endsWhenAFixedDelayWouldReachTheDeadline() {
        let policy = RetryPolicy(backoff: .fixed, base: 5)
        #expect(wait(policy, left: 5001, random: 0.5) == 5000)
        #expect(wait(policy, left: 5000, random: 0.5) == nil)
        #expect(wait(policy, left: 4900, random: 0) == 4500)
    }

    @Test(arguments: [Int64(1000), 1500, 2999, 3000, 10_000, 59_999])
    func staysBeforeTheDeadline(left: Int64) throws {
        for step in steps {
            let delay = try #require(wait(failedAttempts: 9, left: left, random: step))
            #expect(delay >= left / 2 && delay < left)
        }
    }

    @Test
    func countsLessThanASecondAsNoTimeLeft() {
        for left in [Int64.min, -1, 0, 1, 999] { #expect(wait(left: left) == nil) }
        #expect(wait(left: 1000) != nil)
    }

    @Test
    func usesTheLastSecondWhenItsDelaysAreShorter() {
        let policy = RetryPolicy(base: 0.1)
        #expect(wait(policy, left: 900) == 100)
        #expect(wait(policy, failedAttempts: 9, left: 100) == 50)
        #expect(wait(policy, left: 99) == nil)
    }

    @Test
    func takesDeadlinesHoweverFarAway() {
        #expect(wait(left: .max) == 2000)
        #expect(wait(retryAfter: Int64.max, left: .max, random: 0.99) != 0)
    }

    @Test(
        arguments: [
            (10_000, 60_000, 0.0, 10_000), (10_000, 60_000, 0.96, 12_400), (1_000, 60_000, 0.5, 3_000),
            (3_600_000, 40_000, 0.0, 20_000), (3_600_000, 40_000, 0.96, 24_800), (100_000, 3_600_000, 0.0, 100_000),
            (2_100, 60_000, 0.5, 3_000), (0, 60_000, 0.5, 3_000), (3_600_000, 5_000, 0.0, 2_500),
        ] as [(Int64, Int64, Double, Int64)])
    func honoursALongerRetryAfter(retryAfter: Int64, left: Int64, random: Double, expected: Int64) {
        #expect(wait(status: 429, retryAfter: retryAfter, left: left, random: random) == expected)
    }

    @Test(
        arguments: [
            (3_600_000, 0.0, 3_600_000), (3_600_001, 0.0, 3_600_000), (Int64.max, 0.0, 3_600_000),
            (Int64.max, 0.96, 2_736_000), (3_500_000, 0.96, 3_600_000), (Int64.min, 0.5, 3_000),
        ] as [(Int64, Double, Int64)])
    func parksNobodyForDecades(retryAfter: Int64, random: Double, expected: Int64) {
        for left in [Int64(100_000_000), .max] {
            #expect(wait(status: 429, retryAfter: retryAfter, left: left, random: random) == expected)
        }
    }

    @Test
    func takesTheLongestRetryAfterFromItsSettings() {
        let attempt = FailedAttempt(statusCode: 503, body: [], reason: "", retryAfterMilliseconds: 20_000)
        #expect(wait(RetryPolicy(maxRetryAfter: 10), retryAfter: 20_000) == 10_000)
        #expect(wait(RetryPolicy(maxRetryAfter: 0), retryAfter: 20_000) == 2_000)
        #expect(RetryPolicy(maxRetryAfter: 10).excessiveRetryAfter(of: attempt) == 20)
        #expect(RetryPolicy(maxRetryAfter: 20).excessiveRetryAfter(of: attempt) == nil)
    }

    @Test
    func saysOnceAMinuteForEachQueueThatAGatewayAsksForTooMuch() {
        var log = ExcessLog()
        #expect(log.note(queue: "a", now: .seconds(5)) == 0)
        #expect(log.note(queue: "b", now: .seconds(6)) == 0)
        for second in 6..<60 { #expect(log.note(queue: "a", now: .seconds(second)) == nil) }
        #expect(log.note(queue: "a", now: .seconds(65)) == 54)
        #expect(log.note(queue: "a", now: .seconds(66)) == nil)
    }

    @Test
    func neverWaitsLessBecauseOfRetryAfter() throws {
        for step in steps {
            for retryAfter in stride(from: Int64(0), through: 100_000, by: 700) {
                let plain = try #require(wait(left: 30_000, random: step))
                let asked = try #require(wait(retryAfter: retryAfter, left: 30_000, random: step))
                #expect(asked >= plain && asked <= 18_750)
            }
        }
    }

    @Test(arguments: [(429, true), (500, true), (503, true), (599, true), (408, false), (425, false), (nil, false)])
    func letsOnly429And5xxAsk(status: Int?, honoured: Bool) {
        #expect(wait(status: status, retryAfter: 20_000, left: 600_000) == (honoured ? 20_000 : 2000))
    }

    @Test
    func honoursRetryAfterWhenFixed() {
        let policy = RetryPolicy(backoff: .fixed, base: 5)
        #expect(wait(policy, retryAfter: 8_000, left: 600_000, random: 0) == 8_000)
        #expect(wait(policy, retryAfter: 1_000, left: 600_000, random: 0) == 4_500)
    }

    @Test(arguments: 0..<200)
    func makesNoStorm(seed: UInt64) {
        var random = SystemRandomNumberGenerator()
        let deadline: Int64 = 50_000
        var (now, attempts): (Int64, Int) = (0, 1)
        let attempt = FailedAttempt(statusCode: 503, body: [], reason: "")
        while case .park(let delay) = RetryPolicy().decide(
            attempt, failedAttempts: attempts, millisecondsLeft: deadline - now,
            random: { Double.random(in: 0..<1, using: &random) })
        {
            now += delay
            attempts += 1
        }
        #expect((4...10).contains(attempts))
        #expect(now < deadline && now > 25_000)
    }

    @Test(arguments: [
        (RetryPolicy(), nil), (RetryPolicy(base: 0.001, maximum: 0.001), nil), (RetryPolicy(base: 0), "--backoff-base"),
        (RetryPolicy(base: -2), "--backoff-base"), (RetryPolicy(base: .nan), "--backoff-base"),
        (RetryPolicy(base: .infinity), "--backoff-base"), (RetryPolicy(maximum: 0), "--backoff-max"),
        (RetryPolicy(maximum: .nan), "--backoff-max"), (RetryPolicy(maxAttempts: -1), "--max-attempts"),
        (RetryPolicy(maxRetryAfter: -1), "--retry-after-max"),
        (RetryPolicy(maxRetryAfter: .nan), "--retry-after-max"), (RetryPolicy(maxRetryAfter: 0), nil),
    ])
    func namesTheFlagThatMakesNoSense(policy: RetryPolicy, flag: String?) {
        #expect(policy.settingsProblem?.split(separator: ":").first.map(String.init) == flag)
    }
}
