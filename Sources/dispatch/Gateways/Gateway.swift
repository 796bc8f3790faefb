import Attempts

/// One gateway: scheme, host and port, and whether there is a connection to it.
///
/// A value: time and random numbers are passed in.
struct Gateway: Sendable {
    /// Such as `https://gateway:443`; without credentials.
    let name: String
    /// A connection that has been there for so long is one that is kept.
    private static let survival = Duration.seconds(1)
    /// A failure after good times is said when nothing has followed it for so long.
    private static let patience = Duration.seconds(2)
    /// A gateway that has answered within this time is well: a connection that it ends is about its request then.
    private static let trust = Duration.seconds(10)
    /// Attempts that may be on their way to it before one has got a connection.
    private static let maxTrials = 8

    private(set) var breaker = Breaker(maxTrials: maxTrials)
    /// What has been in the way since the last success: since when, what it is, and whether there are connections.
    private var obstacle: (since: Duration, words: String, connects: Bool)?
    private(set) var hasConnected = false
    private var answeredAt: Duration?
    /// Since when an attempt has had a connection, at a gateway that ended the last ones.
    private var connectedSince: Duration?

    init(name: String) { self.name = name }

    var isSecure: Bool { name.hasPrefix("https:") }

    mutating func started(at now: Duration) -> Bool { breaker.started(at: now) }

    /// A trial has a connection: that is a success, unless connections are what it ends.
    ///
    /// - Returns: whether it was one.
    mutating func connected(at now: Duration) -> Bool {
        if obstacle?.connects == true {
            connectedSince = now
            return false
        }
        succeeded(trial: true)
        return true
    }

    mutating func answered(trial: Bool, at now: Duration) {
        answeredAt = now
        succeeded(trial: trial)
    }

    private mutating func succeeded(trial: Bool) {
        breaker.succeeded(trial: trial)
        hasConnected = true
        obstacle = nil
        connectedSince = nil
    }

    /// It cannot be used.
    ///
    /// - Parameter connects: there are connections all the same, so that one proves nothing.
    mutating func failed(_ words: String, connects: Bool, trial: Bool, at now: Duration, random: Double) {
        breaker.failed(trial: trial, at: now, random: random)
        obstacle = (obstacle?.since ?? now, words, connects)
        connectedSince = nil
    }

    /// It has ended a connection without an answer.
    mutating func lost(_ words: String, trial: Bool, at now: Duration, random: Double) {
        if let answeredAt, now - answeredAt < Self.trust { return breaker.abandoned(trial: trial, at: now) }
        breaker.failed(trial: trial, at: now, random: random, longestPause: .seconds(1))
        obstacle = (obstacle?.since ?? now, words, true)
        connectedSince = nil
    }

    mutating func abandoned(trial: Bool, at now: Duration) {
        breaker.abandoned(trial: trial, at: now)
        connectedSince = nil
    }

    /// To be called about once a second.
    mutating func survey(at now: Duration) {
        if let since = connectedSince, breaker.probingSince != nil, now - since >= Self.survival {
            succeeded(trial: false)
        }
    }

    /// What is wrong and would cure it; `nil` if nothing is, or it may have been chance.
    func trouble(at now: Duration) -> String? {
        guard let obstacle else { return nil }
        let isSure = breaker.isOpen || (!hasConnected && !obstacle.connects) || now - obstacle.since >= Self.patience
        return isSure ? obstacle.words : nil
    }
}
