/// Whether attempts may start, judged by how the last ones went: a circuit breaker.
///
/// While it is closed, attempts start. Some failures in a row open it: then one attempt at a time starts, as a probe,
/// after a pause that doubles with each probe that fails. The first success closes it again.
///
/// As long as nothing has succeeded since the last failure, only a few attempts may be under way of which nothing is
/// known: a burst at a gateway that is not there ends before it begins.
///
/// A value: time and random numbers are passed in.
package struct Breaker: Sendable, Equatable {
    package static let firstPause = Duration.milliseconds(250)
    /// What is back is noticed within so long, and an hour without costs some thousand probes.
    package static let longestPause = Duration.seconds(3)
    /// Failures in a row that open it.
    package static let tolerance = 3

    private enum State: Sendable, Equatable {
        case closed
        /// Nothing starts before `until`.
        case open(until: Duration)
        case probing(since: Duration)
    }

    private let maxTrials: Int
    private var state = State.closed
    private var failures = 0
    private var pause = firstPause
    /// Something has succeeded since the last failure.
    package private(set) var isProven = false
    /// Attempts under way of which nothing is known yet, and that began when nothing was proven.
    private var trials = 0

    /// - Parameter maxTrials: attempts that may be under way before one has succeeded.
    package init(maxTrials: Int) { self.maxTrials = maxTrials }

    /// Attempts are held back, but for one at a time.
    package var isOpen: Bool { state != .closed }

    /// When the next probe may start; `nil` while it is closed or a probe is under way.
    package var nextProbe: Duration? { if case .open(let until) = state { until } else { nil } }

    /// Since when a probe has been under way.
    package var probingSince: Duration? { if case .probing(let since) = state { since } else { nil } }

    /// - Parameter now: a monotonic clock.
    package func mayStart(at now: Duration) -> Bool {
        switch state {
        case .closed: isProven || trials < maxTrials
        case .open(let until): now >= until
        case .probing: false
        }
    }

    /// An attempt starts.
    ///
    /// - Returns: whether it is a trial: the next call about it must say so.
    package mutating func started(at now: Duration) -> Bool {
        if case .open = state { state = .probing(since: now) }
        if !isProven { trials += 1 }
        return !isProven
    }

    /// - Parameters:
    ///   - random: a number in 0..<1, a new one each time: pauses of several processes must not fall together.
    ///   - longestPause: shorter where some of what waits may fail for reasons of its own, and others must come to their turn.
    package mutating func failed(
        trial: Bool, at now: Duration, random: Double, longestPause: Duration = Self.longestPause
    ) {
        if trial { trials -= 1 }
        isProven = false
        failures += 1
        switch state {
        case .closed where failures >= Self.tolerance: pause = Self.firstPause
        case .probing: pause = min(pause * 2, longestPause)
        case .closed, .open: return
        }
        state = .open(until: now + pause * (0.8 + 0.4 * random))
    }

    package mutating func succeeded(trial: Bool) {
        if trial { trials -= 1 }
        (state, failures, isProven) = (.closed, 0, true)
    }

    /// An attempt has ended, and says nothing either way.
    package mutating func abandoned(trial: Bool, at now: Duration) {
        if trial { trials -= 1 }
        if case .probing = state { state = .open(until: now) }
    }

    /// What made it open may be over: the next probe may start at once.
    package mutating func probeNow(at now: Duration) {
        if case .open = state { state = .open(until: now) }
        pause = Self.firstPause
    }
}
