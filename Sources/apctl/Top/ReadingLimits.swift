/// How much of what one process says is looked at: it may say anything, again and again, and what others say needs time and
/// room, too.
enum ReadingLimits {
    /// Peers, gateways, queues, pools and gates of a process; dispatch tells no more gateways apart itself.
    static let things = 1000
    /// Reasons and counts of a process, and outcomes of attempts at a gateway.
    static let words = 100
    /// Of a name or a reason, in Unicode's scalars.
    static let text = 1000
    /// Lines that it says of itself.
    static let lines = 150
    /// What is otherwise about a process than it was.
    static let changes = 10
    /// In all: each process has its share of the places.
    static let allChanges = 50
    static let allTroubles = 50
    /// Rows of queues, and of gateways.
    static let rows = 1000
}

extension StageReport {
    /// What is looked at of it.
    var limited: StageReport {
        var report = self
        report.status = status?.limited
        switch readiness {
        case .ready(let note): report.readiness = .ready(note: note?.limited)
        case .notReady(let reason): report.readiness = .notReady(reason: reason.limited)
        case .silent(let error): report.readiness = .silent(error: error.limited)
        }
        // Only `apctl status` repeats them.
        report.bodies = ("", "")
        return report
    }
}

extension StageStatusDocument {
    /// The first of each kind, and the beginnings of texts.
    fileprivate var limited: Self {
        var document = self
        document.version = version?.limited
        document.stage = stage?.limited
        document.counts = counts.limited
        document.reasons = reasons.prefix(ReadingLimits.words).map(\.limited)
        document.peers = peers.prefix(ReadingLimits.things).map(\.limited)
        document.queues = queues.prefix(ReadingLimits.things).map(\.limited)
        document.gateways = gateways.prefix(ReadingLimits.things).map(\.limited)
        document.pools = pools.prefix(ReadingLimits.things).map(\.limited)
        document.gates = gates.prefix(ReadingLimits.things).map(\.limited)
        document.leftOut = size - document.size
        return document
    }

    private var size: Int {
        counts.count + reasons.count + peers.count + queues.count + gateways.count + pools.count + gates.count
    }
}

extension StageStatusDocument.Peer {
    fileprivate var limited: Self {
        var peer = self
        (peer.link, peer.address, peer.state) = (link.limited, address.limited, state.limited)
        return peer
    }
}

extension StageStatusDocument.Queue {
    fileprivate var limited: Self {
        var queue = self
        (queue.name, queue.nextDue) = (name?.limited, nextDue?.limited)
        return queue
    }
}

extension StageStatusDocument.Gateway {
    fileprivate var limited: Self {
        var gateway = self
        (gateway.origin, gateway.queue, gateway.state) = (origin?.limited, queue?.limited, state.limited)
        (gateway.since, gateway.reason) = (since?.limited, reason?.limited)
        gateway.attempts = attempts.limited
        return gateway
    }
}

extension StageStatusDocument.Pool {
    fileprivate var limited: Self {
        var pool = self
        (pool.name, pool.text) = (name.limited, text?.limited)
        return pool
    }
}

extension StageStatusDocument.Gate {
    fileprivate var limited: Self {
        var gate = self
        (gate.owner, gate.name) = (owner.limited, name.limited)
        (gate.condition, gate.reason) = (condition.limited, reason?.limited)
        return gate
    }
}

extension [String: Int] {
    fileprivate var limited: Self {
        let kept =
            count > ReadingLimits.words ? Array(sorted { $0.key < $1.key }.prefix(ReadingLimits.words)) : Array(self)
        return Self(kept.map { ($0.key.limited, $0.value) }) { first, _ in first }
    }
}

extension String {
    /// As much of a text as is looked at.
    var limited: String {
        guard utf8.count > ReadingLimits.text, unicodeScalars.count > ReadingLimits.text else { return self }
        return String(unicodeScalars.prefix(ReadingLimits.text)) + "…"
    }
}
