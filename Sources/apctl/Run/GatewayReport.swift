/// What dispatch knows of its gateway, from its `/status`.
struct GatewayReport: Equatable, Sendable {
    enum State: String, Sendable, CaseIterable {
        case unknown, reachable, silent, unreachable, unauthorised
        case wrongPath = "wrong_path"
        case shedding, failing
    }

    var state: State
    /// Scheme, host and port.
    var origin = ""
    /// One sentence, with what would cure it; may be empty.
    var reason = ""
    /// Requests that wait until it can be used.
    var held = 0

    /// Waiting alone will not help: somebody must change something.
    var isHopeless: Bool { [.unreachable, .unauthorised, .wrongPath].contains(state) }

    /// In a few words; `nil` while all is well, or nothing is known.
    var trouble: String? {
        switch state {
        case .unknown, .reachable: nil
        case .silent: "the gateway does not answer"
        case .unreachable: "the gateway cannot be reached"
        case .unauthorised: "the gateway refuses the token"
        case .wrongPath: "the gateway has nothing at this path"
        case .shedding: "the gateway sheds requests"
        case .failing: "the gateway fails"
        }
    }

    /// The trouble, and how many wait for its end.
    var summary: String? { trouble.map { held > 0 ? "\($0) (\(held) wait)" : $0 } }

    /// All of it, for a line of its own.
    var sentence: String {
        let start = trouble.map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? "The gateway is \(state.rawValue)"
        return "\(start)\(origin.isEmpty ? "" : " (\(origin))")\(reason.isEmpty ? "." : ": \(reason)")"
    }

    /// The worst of the gateways in a status document; `nil` when it names none.
    init?(status: String) {
        let reports = StageStatusDocument(status)?.gateways.map { GatewayReport($0) } ?? []
        guard let worst = reports.max(by: { $0.badness < $1.badness }) else { return nil }
        self = worst
    }

    /// A state that is not known here is `unknown`.
    private init(_ gateway: StageStatusDocument.Gateway) {
        self.init(
            state: State(rawValue: gateway.state) ?? .unknown, origin: gateway.origin ?? "",
            reason: (gateway.reason ?? "").onOneLine, held: gateway.held ?? 0)
    }

    init(state: State, origin: String = "", reason: String = "", held: Int = 0) {
        (self.state, self.origin, self.reason, self.held) = (state, origin, reason, held)
    }

    private var badness: Int { isHopeless ? 2 : trouble == nil ? 0 : 1 }
}

/// Decides when a gateway that has never answered well is given up.
struct GatewayPatience {
    /// Seconds that it must have been of no use without a break.
    static let limit = 5.0

    private var since: Double?

    /// - Parameters:
    ///   - hasAnswered: whether a request of this run has had a good answer: then it may come back.
    ///   - now: seconds on a clock that only goes forward.
    /// - Returns: whether it is hopeless.
    mutating func decide(_ report: GatewayReport?, hasAnswered: Bool, now: Double) -> Bool {
        guard let report, report.isHopeless, !hasAnswered else {
            since = nil
            return false
        }
        let start = since ?? now
        since = start
        return now - start >= Self.limit
    }
}

/// Decides when the gateway's state is worth a line of its own, with the reason and the cure.
struct GatewayNews {
    /// Seconds in which the same trouble is said once: some come and go.
    static let pause = 60.0

    private var trouble: GatewayReport.State?
    private var saidAt: [GatewayReport.State: Double] = [:]

    /// - Parameter now: seconds on a clock that only goes forward.
    /// - Returns: the line; `nil` for none.
    mutating func line(for report: GatewayReport?, now: Double) -> String? {
        guard let report, report.state != .unknown else { return nil }
        // That it sheds is how it is meant to be used; the display says so.
        guard report.trouble != nil, report.state != .shedding else {
            defer { trouble = nil }
            return trouble == nil || report.state == .shedding ? nil : "The gateway answers again."
        }
        guard report.state != trouble else { return nil }
        trouble = report.state
        if let last = saidAt[report.state], now - last < Self.pause { return nil }
        saidAt[report.state] = now
        return report.sentence
    }
}
