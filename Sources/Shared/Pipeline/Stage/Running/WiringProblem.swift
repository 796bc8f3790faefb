package import Links
package import Logging
import Loop
package import PipelineMetrics
import Primitives
package import Status

/// A wrong connection between processes, or to a gateway, shown in `/status`, `/readyz` and the log.
package struct WiringProblem: Sendable, Equatable {
    /// For people, with the names of both sides.
    package let text: String
    /// Because of it the stage cannot work and is not ready.
    package let isBlocking: Bool
    /// What it is called where nothing moves because of it.
    package let reason: StallReason

    package init(_ text: String, isBlocking: Bool, reason: StallReason = .wrongWiring) {
        self.text = text
        self.isBlocking = isBlocking
        self.reason = reason
    }

    /// A gateway that is away.
    package init(gateway: Condition, isBlocking: Bool) {
        let since = gateway.since == 0 ? "" : " (since \(WallClock(milliseconds: gateway.since)))"
        let held = gateway.held == 0 ? "" : "; \(gateway.held) requests wait in dispatch"
        self.init(
            "the gateway \(gateway.subject) of queue \(gateway.queue): \(gateway.text)\(since)\(held)",
            isBlocking: isBlocking, reason: .gatewayAway)
    }
}

extension StatusReport.Gateway {
    /// As a dispatch tells it.
    package init(_ condition: Condition) {
        self.init(
            origin: condition.subject, queue: condition.queue, state: condition.state, since: condition.since,
            reason: condition.text, held: condition.held)
    }
}

/// The problems that have been logged: each once when it begins, and once when it is over.
///
/// A problem is identified by its text without the digits at its beginning, since the number of messages it concerns
/// changes.
package struct Complaints: Sendable {
    private var said: [String: String] = [:]
    /// Any process that sends a hello can cause a problem: of many that change often, some are not logged.
    private var pacer = Pacer(spacing: .seconds(5), burst: 16)

    package init() {}

    /// The problems that are new, and those that are over.
    package mutating func update(_ problems: [WiringProblem]) -> (new: [String], over: [String]) {
        let now = Dictionary(problems.map { (Self.key($0.text), $0.text) }) { first, _ in first }
        let new = now.filter { said[$0.key] == nil }.values.sorted()
        let over = said.filter { now[$0.key] == nil }.values.sorted()
        said = now
        return (new, over)
    }

    private static func key(_ text: String) -> String { String(text.drop { $0.isWholeNumber }) }

    /// Logs problems that are new, and those that are over.
    package mutating func say(_ problems: [WiringProblem], _ logger: Logger, _ metadata: Logger.Metadata = [:]) {
        if problems.isEmpty, said.isEmpty { return }
        let (new, over) = update(problems)
        for text in new where pacer.delay(at: EventLoop.currentTime) == nil {
            logger.warning("A connection is wrong", metadata: metadata.merging(["problem": "\(text)"]) { $1 })
        }
        for text in over where pacer.delay(at: EventLoop.currentTime) == nil {
            logger.info("A connection is wrong no longer", metadata: metadata.merging(["problem": "\(text)"]) { $1 })
        }
    }
}
