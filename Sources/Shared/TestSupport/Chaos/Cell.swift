/// One cell of the fault matrix: a system, a load, and what is done to it.
package struct Cell: Sendable, Equatable {
    package var name: String
    /// For people: what happens.
    package var summary: String
    package var layout = Layout()
    package var load = Load.steady(1000)
    package var requests = 20_000
    package var gateway = GatewayBehaviour()
    package var traffic = Traffic()
    /// In the order in which they were written down; `Schedule` says when.
    package var faults: [PlannedFault] = []
    /// Whether Redis has every write on disk before it answers.
    package var isAlwaysSynced = false
    /// From the fault to the first new result, at most; `nil` for no promise.
    package var recoveryLimit: Duration?

    package init(_ name: String, _ summary: String) {
        self.name = name
        self.summary = summary
    }

    /// The same with fewer requests, for a short run.
    ///
    /// The first fault comes sooner, and each comes once.
    package func shortened(to requests: Int) -> Cell {
        var cell = self
        cell.requests = requests
        cell.faults = faults.map { fault in
            var fault = fault
            fault.count = 1
            fault.first = .seconds(2)
            return fault
        }
        return cell
    }
}

/// How many processes of each kind there are, and how they are connected.
package struct Layout: Sendable, Equatable {
    /// Processes that run from the start.
    package var counts: [StageKind: Int] = [.ingest: 1, .dispatch: 1, .retry: 1, .emit: 1]
    /// Processes that may be added.
    package var most: [StageKind: Int] = [:]
    /// Attempts at once, per dispatch.
    package var concurrency = 128
    package var leaseSeconds = 30
    /// Flags for all stages.
    package var flags: [String] = ["--backoff-base", "0.2", "--backoff-max", "2"]
    /// Whether proxies stand between the stages.
    package var hasLinkProxies = false
    /// Whether proxies stand between stages and the queue's server.
    package var hasServerProxies = false

    package init(ingest: Int = 1, dispatch: Int = 1, retry: Int = 1, emit: Int = 1) {
        counts = [.ingest: ingest, .dispatch: dispatch, .retry: retry, .emit: emit]
    }

    package func running(_ kind: StageKind) -> Int { counts[kind] ?? 0 }

    package func places(_ kind: StageKind) -> Int { max(running(kind), most[kind] ?? 0) }
}

/// Something done to the system, once or again and again.
package struct PlannedFault: Sendable, Equatable {
    package var fault: Fault
    package var count: Int
    /// From the first results to the first time.
    package var first: Duration
    /// From one time to the next: at least this, at most twice as much.
    package var pause: Duration

    package init(
        _ fault: Fault, count: Int = 1, first: Duration = .seconds(4), pause: Duration = .seconds(4)
    ) {
        self.fault = fault
        self.count = count
        self.first = first
        self.pause = pause
    }
}

/// What can be done to the system.
package enum Fault: Sendable, Equatable {
    /// SIGKILL to the processes; they are started again, at once or after a while, or not at all.
    case kill([String], restart: Restart = .atOnce)
    /// SIGTERM to the processes at once; each is started again when it has ended.
    case terminate([String])
    /// SIGSTOP, and SIGCONT so much later.
    case freeze([String], for: Duration)
    /// Processes of a kind are added or ended by SIGTERM, until there are so many.
    case scale(StageKind, to: Int)
    /// The queue's server ends, politely or not, and is started again after a while.
    case serverAway(Duration, kill: Bool)
    case freezeServer(Duration)
    case links(Road, Trouble)

    package enum Restart: Sendable, Equatable {
        case atOnce, never
    }

    var losesReplies: Bool {
        if case .links(_, .replyLost) = self { true } else { false }
    }

    /// Connections that proxies stand in.
    package enum Road: String, Sendable, Equatable {
        /// Between the stages: envelopes, and reports the other way.
        case stages
        /// From ingest, or emit, to the queue's server.
        case ingestToServer, emitToServer, toServer
    }

    package enum Trouble: Sendable, Equatable {
        case cut
        /// Cut, and refused for a while.
        case refused(Duration)
        /// Every byte takes so much longer, for a while.
        case delayed(Duration, for: Duration)
        /// What goes to the side that listens, or comes from it, vanishes for a while.
        case swallowed(toServer: Bool, for: Duration)
        /// The answer to the next script is lost after it ran.
        case replyLost
    }
}

/// When each fault happens, as a seed has it.
package struct Schedule: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        /// From the first results.
        package var at: Duration
        package var fault: Fault
    }

    package let entries: [Entry]

    package init(_ faults: [PlannedFault], seed: UInt64) {
        var random = ChaosRandom(seed: seed)
        var entries: [Entry] = []
        for planned in faults {
            var moment = planned.first + .seconds(random.uniform())
            for _ in 0..<planned.count {
                entries.append(Entry(at: moment, fault: planned.fault))
                moment += planned.pause * (1 + random.uniform())
            }
        }
        self.entries = entries.sorted { $0.at < $1.at }
    }
}
