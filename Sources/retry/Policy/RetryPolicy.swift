package import Messages

/// When a failed attempt is made again, and when it is over.
///
/// A value: clock and random numbers are passed in.
package struct RetryPolicy: Sendable, Equatable {
    package enum Backoff: String, Sendable, CaseIterable {
        /// Twice as long after each failure, spread over half of it.
        case exponential
        /// The same after each failure, give or take a tenth.
        case fixed
    }

    /// What follows a failed attempt.
    package enum Decision: Sendable, Equatable {
        case park(afterMilliseconds: Int64)
        case giveUp(Ending.Result)
    }

    package var backoff: Backoff
    /// Seconds: `fixed` waits them, `exponential` once to twice as many before the second attempt.
    package var base: Double
    /// Seconds that `exponential` waits at most; only a gateway's `Retry-After` goes beyond.
    package var maximum: Double
    /// Attempts in all; 0 for no limit but the deadline.
    package var maxAttempts: Int
    /// Seconds; a longer `Retry-After` counts as this one.
    package var maxRetryAfter: Double

    package init(
        backoff: Backoff = .exponential, base: Double = 2, maximum: Double = 60, maxAttempts: Int = 0,
        maxRetryAfter: Double = 3600
    ) {
        self.backoff = backoff
        self.base = base
        self.maximum = maximum
        self.maxAttempts = maxAttempts
        self.maxRetryAfter = maxRetryAfter
    }

    /// Why the settings make no sense, naming the flag; `nil` if they do.
    package var settingsProblem: String? {
        if !base.isFinite || base < 0.001 { return "--backoff-base: expected 0.001 seconds or more" }
        if !maximum.isFinite || maximum < 0.001 { return "--backoff-max: expected 0.001 seconds or more" }
        if !maxRetryAfter.isFinite || maxRetryAfter < 0 {
            return "--retry-after-max: expected 0 seconds or more"
        }
        if maxAttempts < 0 { return "--max-attempts: expected 0 (no limit) or more" }
        return nil
    }
}

extension RetryPolicy {
    /// The envelope for emit: one more failed attempt, and how the lease ends.
    ///
    /// `nil` if no attempt has failed.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - random: a number in 0..<1, a new one each time.
    package func settle(_ envelope: Envelope, now: Int64, random: () -> Double) -> Envelope? {
        guard case .failed(let attempt) = envelope.progress else { return nil }
        var settled = envelope
        if settled.failedAttempts < .max { settled.failedAttempts += 1 }
        let left = envelope.millisecondsLeft(at: now)
        switch decide(attempt, failedAttempts: settled.failedAttempts, millisecondsLeft: left, random: random) {
        case .park(let delay): settled.end(.parked(afterMilliseconds: delay))
        case .giveUp(let result): settled.end(.result(result))
        }
        return settled
    }

    /// - Parameters:
    ///   - failedAttempts: so far, this one included.
    ///   - millisecondsLeft: until the deadline.
    package func decide(
        _ attempt: FailedAttempt, failedAttempts: Int, millisecondsLeft: Int64, random: () -> Double
    ) -> Decision {
        if Double(millisecondsLeft) < shortestWait {
            return .giveUp(lastWord(on: attempt, .deadlineExceeded, "deadline exceeded"))
        }
        if maxAttempts > 0, failedAttempts >= maxAttempts {
            let attempts = failedAttempts == 1 ? "1 attempt" : "\(failedAttempts) attempts"
            return .giveUp(lastWord(on: attempt, .attemptsExhausted, "\(attempts) failed"))
        }
        let left = Double(millisecondsLeft)
        // Where the gateway did not look at it, dispatch pauses for the whole gateway.
        let failures = attempt.isUnreached ? 1 : failedAttempts
        var delay =
            attempt.isEvicted && failedAttempts <= Self.quickRetries
            ? 0 : delay(failedAttempts: failures, left: left, random: random)
        if let asked = retryAfter(of: attempt), asked > delay {
            delay = max(delay, spread(min(asked, left / 2), random()))
        }
        if delay >= left { return .giveUp(lastWord(on: attempt, .deadlineExceeded, "deadline exceeded")) }
        return .park(afterMilliseconds: Int64(delay))
    }

    /// A pause of about the length asked for, so that not all come back at once: up to a quarter longer, but no longer than
    /// any gateway is given.
    private func spread(_ pause: Double, _ random: Double) -> Double {
        let longest = maxRetryAfter * 1000
        return pause < longest ? min(longest, pause * (1 + random / 4)) : longest * (1 - random / 4)
    }

    /// A request that had to make way for others goes back into their row, but not for ever.
    private static let quickRetries = 3

    /// Milliseconds; with less left than that, none is left.
    ///
    /// Otherwise a request would be tried ever faster as its
    /// deadline comes near, each delay being at most the time left.
    private var shortestWait: Double { min(1, base, maximum) * 1000 }

    /// Milliseconds before the next attempt if the gateway asks for nothing.
    private func delay(failedAttempts: Int, left: Double, random: () -> Double) -> Double {
        switch backoff {
        case .exponential:
            let doubled = base * Double(sign: .plus, exponent: min(max(failedAttempts, 0), 1000), significand: 1)
            let cap = min(maximum * 1000, left, doubled * 1000)
            return cap / 2 + random() * cap / 2
        case .fixed:
            return base * 1000 * (0.9 + random() * 0.2)
        }
    }

    /// Milliseconds that the gateway asks for, and is given; only 429 and 5xx may ask.
    private func retryAfter(of attempt: FailedAttempt) -> Double? {
        asked(by: attempt).map { min($0, maxRetryAfter * 1000) }
    }

    /// Seconds that the gateway asked for, where that is longer than it is given.
    package func excessiveRetryAfter(of attempt: FailedAttempt) -> Double? {
        asked(by: attempt).flatMap { $0 > maxRetryAfter * 1000 ? $0 / 1000 : nil }
    }

    private func asked(by attempt: FailedAttempt) -> Double? {
        guard let status = attempt.statusCode, status == 429 || (500...599).contains(status) else { return nil }
        return attempt.retryAfterMilliseconds.map(Double.init)
    }

    /// The result of a request that is not tried again: the gateway's last answer, or why there is none.
    private func lastWord(on attempt: FailedAttempt, _ code: ErrorCode, _ message: String) -> Ending.Result {
        if let status = attempt.statusCode { return .answer(statusCode: status, body: attempt.body) }
        return .failure(code, message: attempt.reason.isEmpty ? message : "\(message); the last: \(attempt.reason)")
    }
}
