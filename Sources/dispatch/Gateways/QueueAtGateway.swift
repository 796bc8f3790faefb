package import Attempts

/// What the attempts for one queue tell about its gateway, apart from whether there is a connection.
///
/// A value: time is passed in.
package struct QueueAtGateway: Sendable {
    /// Answers of one kind in a row that make a condition, once there was a good one; before that, one does.
    static let tolerance = 3
    /// Without any answer yet, requests wait this long before that is said.
    static let patience = Duration.seconds(4)
    /// Afterwards the gateway may take so many times the longest it took of late.
    private static let slack = 3
    /// A token that was accepted within this time is a good one: a 401 is about its request then.
    private static let trust = Duration.seconds(10)
    /// Attempts with a token that is refused start this far apart.
    static let refusedSpacing = Duration.milliseconds(60)
    /// A 401 comes at once: a request that is with the gateway for so long has been let in.
    private static let admission = Duration.seconds(2)

    /// The kind of the last answers, how many in a row, and what the last one means.
    private var run: (condition: GatewayCondition, count: Int, words: String)?
    private var hasSucceeded = false
    private(set) var active = 0
    /// Since when none of the active attempts has been answered.
    private var quietSince = Duration.zero
    private var slowest = Duration.zero
    /// This deployment's token was refused so often in a row, and when it was last accepted.
    private var refusals = 0
    private var acceptedAt: Duration?
    /// The deployment's token is refused: attempts are spaced, so that no gateway is stormed with it.
    ///
    /// They are not held back altogether, since some requests may be refused for reasons of their own.
    package private(set) var isRefused = false
    /// When the next attempt may start while it is.
    package private(set) var nextStart = Duration.zero

    package init() {}

    package func mayStart(at now: Duration) -> Bool { !isRefused || now >= nextStart }

    package mutating func started(at now: Duration) {
        if active == 0 { quietSince = now }
        active += 1
        if isRefused { nextStart = now + Self.refusedSpacing }
    }

    /// An attempt is over.
    ///
    /// - Parameter ownToken: it was made with this deployment's token.
    package mutating func ended(
        _ finding: Finding, latency: Duration, ownToken: Bool, isSecure: Bool, at now: Duration
    ) {
        active -= 1
        guard case .answered(let status) = finding else {
            if case .lost(let said) = finding { note(.failing, GatewayCondition.lost(said, isSecure: isSecure)) }
            return
        }
        quietSince = now
        slowest = max(latency, slowest * 0.9)
        if ownToken { noteToken(isAccepted: status != 401, at: now) }
        if let condition = GatewayCondition(status: status) {
            note(condition, GatewayCondition.words(status: status))
        } else {
            run = nil
            hasSucceeded = true
        }
    }

    private mutating func noteToken(isAccepted: Bool, at now: Duration) {
        if isAccepted {
            acceptedAt = now
            refusals = 0
            isRefused = false
        } else {
            refusals += 1
            let isTrusted = acceptedAt.map { now - $0 < Self.trust } ?? false
            isRefused = refusals >= Self.tolerance && !isTrusted
        }
    }

    /// The token has changed: who was refused may ask again.
    package mutating func tokenChanged() {
        (refusals, isRefused, acceptedAt) = (0, false, nil)
    }

    /// To be called about once a second.
    package mutating func survey(at now: Duration) {
        if isRefused, active > 0, now - quietSince >= Self.admission { noteToken(isAccepted: true, at: now) }
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
