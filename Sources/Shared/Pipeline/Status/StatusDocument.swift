import Foundation
import Primitives

/// The JSON of the status endpoints.
enum StatusDocument {
    static func health(_ health: Health) -> Data {
        switch health {
        case .ok: short(["status": "ok"])
        case .failing(let reason): short(["status": "failing", "error": reason])
        }
    }

    static func readiness(_ readiness: Readiness) -> Data {
        switch readiness {
        case .ready: short(["status": "ready"])
        case .readyBut(let notes): short(["status": "ready", "note": notes.joined(separator: "; ")])
        case .notReady(let reason): short(["status": "not ready", "error": reason])
        }
    }

    static func error(_ reason: String) -> Data { short(["error": reason]) }

    static func status(_ report: StatusReport) -> Data {
        encode(Report(report), [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    static func held(id: String, _ requests: [HeldRequest]) -> Data {
        encode(
            Holding(id: id, requests),
            [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    private static func short(_ fields: [String: String]) -> Data {
        encode(fields, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func encode(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        // Only numbers that JSON cannot write could fail, and there are none here.
        let body = (try? encoder.encode(value)) ?? Data("{}".utf8)
        return body + Data("\n".utf8)
    }

    private struct Report: Encodable {
        var version: String
        var stage: String
        var settings: [String: String]
        var uptime_seconds: Double
        var peers: [Peer]
        var counts: [String: Int]
        /// Absent where a stage knows none.
        var queues: [Queue]?
        /// Absent where a stage knows none.
        var gateways: [Gateway]?
        /// Absent where a stage knows none.
        var pools: [Pool]?
        /// Absent where a stage has none.
        var gates: [Gate]?
        var reasons: [String]

        init(_ report: StatusReport) {
            version = report.version
            stage = report.stage
            settings = report.settings
            uptime_seconds = report.uptime.roundedSeconds
            peers = report.peers.map(Peer.init)
            counts = report.counts
            queues = report.queues.isEmpty ? nil : report.queues.map(Queue.init)
            gateways = report.gateways.isEmpty ? nil : report.gateways.map(Gateway.init)
            pools = report.pools.isEmpty ? nil : report.pools.map(Pool.init)
            gates = report.gates.isEmpty ? nil : report.gates.map(Gate.init)
            reasons = report.reasons
        }
    }

    private struct Queue: Encodable {
        var queue: String
        var waiting: Int?
        var parked: Int?
        var next_due: String?

        init(_ queue: StatusReport.Queue) {
            self.queue = queue.name
            waiting = queue.waiting
            parked = queue.parked
            next_due = queue.nextDue.map(\.description)
        }
    }

    private struct Gateway: Encodable {
        var origin: String
        var queue: String
        var state: String
        var since: String?
        var reason: String
        var held: Int
        var attempts: [String: Int]?

        init(_ gateway: StatusReport.Gateway) {
            origin = gateway.origin
            queue = gateway.queue
            state = gateway.state
            since = gateway.since == 0 ? nil : "\(WallClock(milliseconds: gateway.since))"
            reason = gateway.reason
            held = gateway.held
            attempts = gateway.attempts.isEmpty ? nil : gateway.attempts
        }
    }

    private struct Pool: Encodable {
        var pool: String
        var attempts: Int
        var waiting: Int
        var limit: Int
        var limited_by: String
        var text: String

        init(_ pool: StatusReport.Pool) {
            self.pool = pool.name
            attempts = pool.attempts
            waiting = pool.waiting
            limit = pool.limit
            limited_by = pool.limitedBy
            text = pool.text
        }
    }

    private struct Gate: Encodable {
        var of: String
        var gate: String
        var condition: String
        var since: String?
        var reason: String

        init(_ gate: StatusReport.Gate) {
            of = gate.owner
            self.gate = gate.name
            condition = gate.condition
            since = gate.since == 0 ? nil : "\(WallClock(milliseconds: gate.since))"
            reason = gate.reason
        }
    }

    private struct Holding: Encodable {
        var id: String
        var held: [Held]
        /// How many more there are; absent where that is all.
        var left_out: Int?

        init(id: String, _ requests: [HeldRequest]) {
            self.id = id
            held = requests.prefix(HeldRequest.most).map(Held.init)
            left_out = requests.count > held.count ? requests.count - held.count : nil
        }
    }

    private struct Held: Encodable {
        var queue: String
        var token: String?
        var place: String
        var reason: String?
        var for_seconds: Double?
        var leased_at: String
        var deadline: String
        var failed_attempts: Int
        var url: String?

        init(_ held: HeldRequest) {
            queue = held.queue
            token = held.token
            place = held.place
            reason = held.reason.isEmpty ? nil : held.reason
            for_seconds = held.age?.roundedSeconds
            leased_at = "\(held.leasedAt)"
            deadline = "\(held.deadline)"
            failed_attempts = held.failedAttempts
            url = held.url.isEmpty ? nil : held.url
        }
    }

    private struct Peer: Encodable {
        var link: String
        var address: String
        var state: String
        var room: Int
        var open: Int
        var oldest_open_seconds: Double?

        init(_ peer: StatusReport.Peer) {
            link = peer.link
            address = peer.address
            state = peer.state
            room = peer.room
            open = peer.open
            oldest_open_seconds = peer.oldestOpen?.roundedSeconds
        }
    }
}

extension Duration {
    /// Seconds to three decimals.
    fileprivate var roundedSeconds: Double { ((self / .milliseconds(1)).rounded()) / 1000 }
}
