/// One attempt, as the gateway saw it.
package struct Attempt: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case open
        /// Answered whole, 2xx.
        case answered
        /// Shed, failed or cut by the gateway: to be made again.
        case refused
        /// The other side closed the connection before it had the whole answer.
        case abandoned
    }

    package var request: Int
    /// The dispatch process that made it.
    package var process: String
    package var began: Duration
    package var ended: Duration?
    package var outcome: Outcome

    package init(
        request: Int, process: String, began: Duration, ended: Duration? = nil, outcome: Outcome = .open
    ) {
        self.request = request
        self.process = process
        self.began = began
        self.ended = ended
        self.outcome = outcome
    }

    /// Whether the gateway had refused this attempt by `moment`, so that another attempt was legitimate.
    func wasRefused(by moment: Duration) -> Bool {
        guard outcome == .refused, let ended else { return false }
        return ended <= moment
    }
}

/// What was done to the system under test, when, and to whom.
package struct Disturbance: Sendable, Equatable {
    package enum Kind: String, Sendable, Equatable {
        case killed, crashed, frozen, drained, scaled
        case serverAway, serverFrozen
        case connectionsCut, connectionsDelayed
        /// Bytes vanished for longer than a link waits for reports.
        case connectionsSilent
        case replyLost
    }

    package var kind: Kind
    /// Names of processes; of one kind.
    package var victims: [String]
    /// Which connections it was done to; `nil` for none.
    package var road: Fault.Road?
    package var began: Duration
    /// When the last victim was gone (or stopped).
    package var complete: Duration
    /// When everything was there again.
    package var ended: Duration

    package init(
        _ kind: Kind, victims: [String] = [], on road: Fault.Road? = nil, began: Duration, complete: Duration? = nil,
        ended: Duration? = nil
    ) {
        self.kind = kind
        self.victims = victims
        self.road = road
        self.began = began
        self.complete = complete ?? began
        self.ended = ended ?? complete ?? began
    }

    func hits(_ stage: StageKind) -> Bool { victims.contains { stage.owns($0) } }
}

/// The four kinds of processes.
package enum StageKind: String, Sendable, CaseIterable {
    case ingest, dispatch, retry, emit

    /// The name of the process number `index`, from 1.
    package func name(_ index: Int) -> String { "\(rawValue)\(index)" }

    package func names(_ count: Int) -> [String] { count > 0 ? (1...count).map(name) : [] }

    package func owns(_ name: String) -> Bool { name.hasPrefix(rawValue) }
}
