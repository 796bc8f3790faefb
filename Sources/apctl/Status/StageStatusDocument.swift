import Foundation

/// What `/status` of a stage says, as far as people are shown it.
///
/// Stages of other versions have fields that this one does not know, and lack some that it does: whatever is missing, or
/// of another type, counts as absent.
struct StageStatusDocument: Equatable {
    struct Peer: Equatable {
        var link: String
        var address: String
        var state: String
        var room: Int?
        var open: Int?
        var oldestOpenSeconds: Double?
    }

    /// What dispatch or ingest thinks of a gateway.
    struct Gateway: Equatable {
        var origin: String?
        var queue: String?
        var state: String
        /// Since when it is in that state, for people.
        var since: String?
        var reason: String?
        /// Requests that wait for it.
        var held: Int?
        /// So far, by what came of them.
        var attempts: [String: Int] = [:]
    }

    /// What waits in a queue.
    struct Queue: Equatable {
        var name: String?
        var waiting: Int?
        var parked: Int?
        /// When the first of the parked ones is due, for people.
        var nextDue: String?
    }

    /// Requests that share engines.
    struct Pool: Equatable {
        var name: String
        /// How many there may be, and why not more.
        var text: String?
        /// Requests that wait for it.
        var waiting: Int?
    }

    /// What decides how many requests may start.
    struct Gate: Equatable {
        var owner: String
        var name: String
        var condition: String
        var reason: String?
    }

    var version: String?
    var stage: String?
    var uptimeSeconds: Double?
    var counts: [String: Int] = [:]
    /// Why nothing moves.
    var reasons: [String] = []
    var peers: [Peer] = []
    var queues: [Queue] = []
    var gateways: [Gateway] = []
    var pools: [Pool] = []
    var gates: [Gate] = []
    /// What it says beside that and is not looked at here.
    var leftOut = 0

    /// `nil` when it is not a JSON object.
    init?(_ body: String) {
        guard let fields = Self.fields(body) else { return nil }
        version = fields["version"] as? String
        stage = fields["stage"] as? String
        uptimeSeconds = fields["uptime_seconds"] as? Double
        counts = Self.counts(fields["counts"])
        reasons = (fields["reasons"] as? [Any] ?? []).compactMap { $0 as? String }
        peers = Self.objects(fields["peers"]).map(Peer.init)
        queues = Self.objects(fields["queues"]).map(Queue.init)
        gateways = Self.objects(fields["gateways"]).map(Gateway.init)
        pools = Self.objects(fields["pools"]).compactMap(Pool.init)
        gates = Self.objects(fields["gates"]).compactMap(Gate.init)
    }

    /// A text in an object; `nil` when it is no object, or has no such text.
    static func text(_ name: String, in body: String) -> String? { fields(body)?[name] as? String }

    private static func fields(_ body: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any]
    }

    /// The gateway of which a reason tells, if it tells of one: `the gateway ORIGIN …`.
    static func gateway(of reason: String) -> String? {
        let start = "the gateway "
        return reason.hasPrefix(start) ? String(reason.dropFirst(start.count).prefix { $0 != " " }) : nil
    }

    /// A number of things that can be.
    fileprivate static func number(_ value: Any?) -> Int? {
        (value as? Int).flatMap { (0..<1_000_000_000_000_000).contains($0) ? $0 : nil }
    }

    fileprivate static func counts(_ value: Any?) -> [String: Int] {
        (value as? [String: Any] ?? [:]).compactMapValues { $0 as? Int }
    }

    private static func objects(_ value: Any?) -> [[String: Any]] {
        (value as? [Any] ?? []).compactMap { $0 as? [String: Any] }
    }
}

extension StageStatusDocument.Peer {
    fileprivate init(_ fields: [String: Any]) {
        link = fields["link"] as? String ?? "a link"
        address = fields["address"] as? String ?? ""
        state = fields["state"] as? String ?? "in an unknown state"
        room = StageStatusDocument.number(fields["room"])
        open = StageStatusDocument.number(fields["open"])
        oldestOpenSeconds = fields["oldest_open_seconds"] as? Double
    }
}

extension StageStatusDocument.Gateway {
    fileprivate init(_ fields: [String: Any]) {
        origin = fields["origin"] as? String
        queue = fields["queue"] as? String
        state = fields["state"] as? String ?? "in an unknown state"
        since = (fields["since"] as? String) ?? (fields["since"] as? Double).map(Self.moment)
        reason = fields["reason"] as? String
        held = StageStatusDocument.number(fields["held"])
        attempts = StageStatusDocument.counts(fields["attempts"])
    }

    /// - Parameter number: Seconds since 1970, or milliseconds.
    private static func moment(_ number: Double) -> String {
        // As seconds, 1e11 is in the year 5138; as milliseconds, in 1973.
        let seconds = number < 1e11 ? number : number / 1000
        return DeadLetter.timeText(Int64(max(0, min(seconds, 1e15))))
    }
}

extension StageStatusDocument.Pool {
    fileprivate init?(_ fields: [String: Any]) {
        guard let name = fields["pool"] as? String else { return nil }
        self.name = name
        text = fields["text"] as? String
        waiting = StageStatusDocument.number(fields["waiting"])
    }
}

extension StageStatusDocument.Gate {
    fileprivate init?(_ fields: [String: Any]) {
        guard let owner = fields["of"] as? String, let name = fields["gate"] as? String else { return nil }
        self.owner = owner
        self.name = name
        condition = fields["condition"] as? String ?? "in an unknown condition"
        reason = fields["reason"] as? String
    }
}

extension StageStatusDocument.Queue {
    fileprivate init(_ fields: [String: Any]) {
        name = fields["queue"] as? String
        waiting = StageStatusDocument.number(fields["waiting"])
        parked = StageStatusDocument.number(fields["parked"])
        nextDue = fields["next_due"] as? String
    }
}
