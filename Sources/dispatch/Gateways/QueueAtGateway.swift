package import Attempts

/// What the attempts for one queue tell about its gateway, apart from whether there is a connection.
///
/// A value: time and random numbers are passed in.
package struct QueueAtGateway: Sendable {
    /// Answers of one kind in a row that make a condition, once there was a good one; before that, one does.
    static let tolerance = 3
    /// Without any answer yet, requests wait this long before that is said.
    static let patience = Duration.seconds(4)
    /// Afterwards the gateway may take so many times the longest it took of late.
    private static let slack = 3
    /// A 401 comes at once: a request that is with the gateway for so long has been let in.
    private static let admission = Duration.seconds(2)

    /// Holds attempts back after 401, where the token is this deployment's.
    package private(set) var authorization = Breaker(maxTrials: .max)
    /// The kind of the last answers, how many in a row, and what the last one means.
    private var run: (condition: GatewayCondition, count: Int, words: String)?
    private var hasSucceeded = false
    private var active = 0
    /// Since when none of the active attempts has been answered.
    private var quietSince = Duration.zero
    private var slowest = Duration.zero

    package init() {}

    package mutating func started(at now: Duration) {
        if active == 0 { quietSince = now }
        active += 1
        _ = authorization.started(at: now)
    }

    /// An attempt is over.
    ///
    /// - Parameters:
    ///   - ownCredentials: see `Attempter.sendsOwnCredentials`.
    ///   - random: a number in 0..<1.
    package mutating func ended(
        _ finding: Finding, latency: Duration, ownCredentials: Bool, isSecure: Bool, at now: Duration, random: Double
    ) {
        active -= 1
        guard case .answered(let status) = finding else {
            authorization.abandoned(trial: false, at: now)
            if case .lost(let said) = finding { note(.failing, GatewayCondition.lost(said, isSecure: isSecure)) }
            return
        }
        quietSince = now
        slowest = max(latency, slowest * 0.9)
        if status == 401, ownCredentials {
            authorization.failed(trial: false, at: now, random: random)
        } else {
            authorization.succeeded(trial: false)
        }
        if let condition = GatewayCondition(status: status) {
            note(condition, GatewayCondition.words(status: status))
        } else {
            run = nil
            hasSucceeded = true
        }
    }

    /// The token has changed: who was refused may ask again.
    package mutating func tokenChanged(at now: Duration) { authorization.probeNow(at: now) }

    /// To be called about once a second.
    package mutating func survey(at now: Duration) {
        if let since = authorization.probingSince, now - since >= Self.admission {
            authorization.succeeded(trial: false)
        }
    }

    private mutating func note(_ condition: GatewayCondition, _ words: String) {
        run = (condition, run?.condition == condition ? (run?.count ?? 0) + 1 : 1, words)
    }

    /// What requests find there, and what is wrong and would cure it.
    package func condition(at now: Duration) -> (GatewayCondition, String) {
        if let run, run.count >= (hasSucceeded ? Self.tolerance : 1) { return (run.condition, run.words) }
        let quiet = now - quietSince
        if active > 0, quiet >= max(Self.patience, slowest * Self.slack) {
            let requests = active == 1 ? "1 request is" : "\(active) requests are"
            return (.silent, "\(requests) with it, and it has answered none for \(quiet.components.seconds) s")
        }
        return (hasSucceeded ? .reachable : .unknown, "")
    }
}
