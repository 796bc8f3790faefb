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
    /// Attempts that may be on their way to it before one has got a connection.
    private static let maxTrials = 8

    private(set) var breaker = Breaker(maxTrials: maxTrials)
    /// What has been in the way since the last success: since when, what it is, and whether there are connections.
    private var obstacle: (since: Duration, words: String, connects: Bool)?
    private(set) var hasConnected = false
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

    mutating func succeeded(trial: Bool) {
        breaker.succeeded(trial: trial)
        hasConnected = true
        obstacle = nil
        connectedSince = nil
    }

    mutating func failed(_ words: String, connects: Bool, trial: Bool, at now: Duration, random: Double) {
        breaker.failed(trial: trial, at: now, random: random)
        obstacle = (obstacle?.since ?? now, words, connects)
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

extension Gateway {
    /// Scheme, host and port of a URL, without credentials, in small letters.
    static func name(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(url[..<scheme.upperBound])\(host)".lowercased()
    }
}
