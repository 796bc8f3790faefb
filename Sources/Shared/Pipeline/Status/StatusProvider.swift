/// What a stage says about itself; asked on each request to its status endpoints.
///
/// A provider may hang, for instance because the pipeline thread does: whoever asked gets an answer in time anyway.
package protocol StatusProvider: Sendable {
    /// Whether the process still turns; a failure is worth a restart.
    func health() async -> Health
    /// Whether the stage can do its work now.
    func readiness() async -> Readiness
    func status() async -> StatusReport
}

package enum Health: Sendable, Equatable {
    case ok
    case failing(reason: String)
}

package enum Readiness: Sendable, Equatable {
    case ready
    /// It can, and something beside it is not as it should be.
    case readyBut(notes: [String])
    case notReady(reason: String)
}

/// What `/status` shows.
package struct StatusReport: Sendable, Equatable {
    package var version: String
    package var stage: String
    /// Names and values, secrets hidden already.
    package var settings: [String: String]
    package var uptime: Duration
    package var peers: [Peer]
    /// Whatever the stage counts, such as `leased` or `attempts_open`.
    package var counts: [String: Int]
    /// Those it sends to, or waits for.
    package var gateways: [Gateway]
    /// Why nothing moves, for people; empty when something does.
    package var reasons: [String]

    package init(
        version: String, stage: String, settings: [String: String] = [:], uptime: Duration = .zero,
        peers: [Peer] = [], counts: [String: Int] = [:], gateways: [Gateway] = [], reasons: [String] = []
    ) {
        self.version = version
        self.stage = stage
        self.settings = settings
        self.uptime = uptime
        self.peers = peers
        self.counts = counts
        self.gateways = gateways
        self.reasons = reasons
    }

    /// A gateway, and what the requests of one queue find there.
    package struct Gateway: Sendable, Equatable {
        /// Scheme, host and port.
        package var origin: String
        package var queue: String
        /// Such as `reachable` and `unreachable`.
        package var state: String
        /// Milliseconds since 1970; 0: from the beginning.
        package var since: Int64
        /// What is wrong, and what would cure it; empty if nothing is.
        package var reason: String
        /// Requests that wait for it in dispatch.
        package var held: Int
        /// Attempts so far, by what came of them.
        package var attempts: [String: Int]

        package init(
            origin: String, queue: String, state: String, since: Int64, reason: String, held: Int,
            attempts: [String: Int] = [:]
        ) {
            self.origin = origin
            self.queue = queue
            self.state = state
            self.since = since
            self.reason = reason
            self.held = held
            self.attempts = attempts
        }
    }

    /// One process at the other end of a link.
    package struct Peer: Sendable, Equatable {
        /// Both ends, such as `ingest-dispatch`.
        package var link: String
        package var address: String
        /// Such as `alive`, `silent`, `draining`.
        package var state: String
        /// Messages it takes now, or that this process takes from it.
        package var room: Int
        /// Messages on their way to it or being worked on by it.
        package var open: Int
        /// Age of the oldest of them; `nil` when there is none.
        package var oldestOpen: Duration?

        package init(
            link: String, address: String, state: String, room: Int, open: Int, oldestOpen: Duration? = nil
        ) {
            self.link = link
            self.address = address
            self.state = state
            self.room = room
            self.open = open
            self.oldestOpen = oldestOpen
        }
    }
}
