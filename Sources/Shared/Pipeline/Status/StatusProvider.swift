package import Primitives

/// What a stage says about itself; asked on each request to its status endpoints.
///
/// A provider may hang, for instance because the pipeline thread does: whoever asked gets an answer in time anyway.
package protocol StatusProvider: Sendable {
    /// Whether the process still turns; a failure is worth a restart.
    func health() async -> Health
    /// Whether the stage can do its work now.
    func readiness() async -> Readiness
    func status() async -> StatusReport
    /// Where it has requests with this id.
    func held(id: String) async -> [HeldRequest]
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
    /// What waits in its queues; those that do not tell are left out.
    package var queues: [Queue]
    /// Those it sends to, or waits for.
    package var gateways: [Gateway]
    /// The pools it sends to.
    package var pools: [Pool]
    /// The gates of its queues or pools.
    package var gates: [Gate]
    /// Why nothing moves, for people; empty when something does.
    package var reasons: [String]

    package init(
        version: String, stage: String, settings: [String: String] = [:], uptime: Duration = .zero,
        peers: [Peer] = [], counts: [String: Int] = [:], queues: [Queue] = [], gateways: [Gateway] = [],
        pools: [Pool] = [], gates: [Gate] = [], reasons: [String] = []
    ) {
        self.version = version
        self.stage = stage
        self.settings = settings
        self.uptime = uptime
        self.peers = peers
        self.counts = counts
        self.queues = queues
        self.gateways = gateways
        self.pools = pools
        self.gates = gates
        self.reasons = reasons
    }

    /// What waits in one queue; `nil`: it does not tell.
    package struct Queue: Sendable, Equatable {
        package var name: String
        /// Requests that wait to be leased.
        package var waiting: Int?
        /// Requests that wait for a retry.
        package var parked: Int?
        /// When the first of these is due.
        package var nextDue: WallClock?

        package init(name: String, waiting: Int?, parked: Int?, nextDue: WallClock?) {
            self.name = name
            self.waiting = waiting
            self.parked = parked
            self.nextDue = nextDue
        }
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

    /// Requests that share engines.
    package struct Pool: Sendable, Equatable {
        package var name: String
        /// Attempts under way.
        package var attempts: Int
        /// Requests that wait for it here.
        package var waiting: Int
        /// Attempts that there may be at once.
        package var limit: Int
        /// Such as `target`.
        package var limitedBy: String
        /// The same, for people.
        package var text: String

        package init(name: String, attempts: Int, waiting: Int, limit: Int, limitedBy: String, text: String) {
            self.name = name
            self.attempts = attempts
            self.waiting = waiting
            self.limit = limit
            self.limitedBy = limitedBy
            self.text = text
        }
    }

    /// What decides how many requests of a queue or a pool may start.
    package struct Gate: Sendable, Equatable {
        /// Such as `queue batch`.
        package var owner: String
        /// Such as `redis-quota`; inside another one with its place there.
        package var name: String
        /// Such as `open` and `shut`.
        package var condition: String
        /// Milliseconds since 1970; 0: from the beginning.
        package var since: Int64
        /// What is so, and what would change it.
        package var reason: String

        package init(owner: String, name: String, condition: String, since: Int64, reason: String) {
            self.owner = owner
            self.name = name
            self.condition = condition
            self.since = since
            self.reason = reason
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
