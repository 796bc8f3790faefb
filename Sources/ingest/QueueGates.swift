import GateRules
import Gates
import Intake
import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue
import Status

/// The gates of the queues of this process: how many requests may be leased, and what becomes of each.
@PipelineActor
final class QueueGates {
    private let gates: Gates
    private let owners: [GateOwner]
    private let gauges: GateGauges
    /// By queue.
    private let meters: [GateMeters?]

    /// When requests come back that may not go now.
    private var returns = ReturnTurns()
    /// For the results of those that come back too late.
    private var notes = GateNotes()
    /// Queues for which a timer runs.
    private var isWaking: Set<Int> = []
    private let changed: @PipelineActor () -> Void

    /// A request that may not go now is asked about again after so long, unless the gate says when.
    private static let pause = Duration.seconds(1)
    /// Characters of a reason that a result tells.
    private static let mostWords = 500
    /// How many are leased while a gate that ends some of them is closed.
    private static let fewAtATime = 16

    /// - Parameters:
    ///   - open: how many requests of a queue are leased.
    ///   - places: how many this process could have leased.
    ///   - changed: there may be more to lease now.
    /// - Throws: when a source cannot be asked the way it is named.
    init?(
        _ queues: [QueueSettings], options: GateOptions, registry: MetricsRegistry, logger: Logger,
        open: @escaping @PipelineActor (Int) -> Int, places: @escaping @PipelineActor () -> Int,
        changed: @escaping @PipelineActor () -> Void
    ) throws(GateSettingsError) {
        guard queues.contains(where: { $0.gate != .constant }) else { return nil }
        owners = queues.map { .queue($0.name) }
        let gauges = GateGauges(registry)
        let numbers = Dictionary(owners.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let meters = queues.map { GateMeters($0, registry: registry) }
        let box = Box()
        let host = GateHost(
            inFlight: { numbers[$0].map(open) ?? 0 }, slots: { _ in places() },
            changed: { _ in
                if let gates = box.gates { Self.show(gates.statuses, gauges, meters) }
                changed()
            })
        gates = try Gates(Array(zip(owners, queues.map(\.gate))), options: options, host: host, logger: logger)
        box.gates = gates
        self.gauges = gauges
        self.meters = meters
        self.changed = changed
        Self.show(gates.statuses, gauges, meters)
    }

    private static func show(_ statuses: [GateStatus], _ gauges: GateGauges, _ meters: [GateMeters?]) {
        gauges.show(statuses)
        for meters in meters { meters?.show(statuses) }
    }

    private final class Box {
        weak var gates: Gates?
    }

    /// Begins to ask the sources; until they have answered, nothing is leased that they decide on.
    func start() { gates.start() }

    /// Asks nobody any more, and gives back what requests still hold.
    func stop() async { await gates.stop() }

    /// How many more requests of a queue may be leased.
    func permits(queue: Int, open: Int) -> Int {
        let state = gates.state(of: owners[queue])
        if state.isClosed || notes.isClosed(queue) {
            notes.looked(queue, closedBy: state.isClosed ? state.why : nil, at: WallClock.now().milliseconds)
        }
        if state.isClosed {
            if let time = state.closedUntil { wakeUp(queue, at: time) }
            // Some end here, however long it is closed.
            return gates.plan(of: owners[queue]).labels.isEmpty ? 0 : max(0, Self.fewAtATime - open)
        }
        let rate = state.rate.map { max(1, Int(min($0, 1e6))) }
        return max(0, min(state.cap.map { $0 - open } ?? .max, state.starts ?? .max, rate ?? .max))
    }

    /// Looks again when the time has come.
    private func wakeUp(_ queue: Int, at time: Duration) {
        guard isWaking.insert(queue).inserted else { return }
        let delay = min(max(.milliseconds(1), time - EventLoop.shared.now), .seconds(60))
        EventLoop.shared.schedule(after: delay) { [weak self] in
            self?.isWaking.remove(queue)
            self?.changed()
        }
    }

    /// Whether a gate is why nothing may be leased.
    func isClosed(queue: Int) -> Bool { gates.state(of: owners[queue]).isClosed }

    /// Whether each request is to be asked about.
    func judgesEach(queue: Int) -> Bool { gates.plan(of: owners[queue]).judgesEach }

    /// Asks about requests, and gives those that may not go their next progress.
    ///
    /// - Returns: what each of them holds until it has ended, whether it goes, and whether it is within a quota, where
    ///   there is one.
    func judge(
        _ requests: inout [(envelope: Envelope, metadata: [String: String])], of queue: QueueSettings, number: Int
    ) async -> [(reservations: [GateReservation], isGoing: Bool, isReserved: Bool?)] {
        let asked = requests.indices.filter {
            if case .waiting = requests[$0].envelope.progress { true } else { false }
        }
        let found = await gates.admit(
            asked.map { GateRequest(metadata: requests[$0].metadata, labels: queue.labels) }, of: owners[number])
        var judged = requests.map { _ in (reservations: [GateReservation](), isGoing: true, isReserved: Bool?.none) }
        for (index, decision) in zip(asked, found) {
            let isReserved = decision.classification.map { $0 == .reserved }
            judged[index] = (decision.reservations, decision.verdict == .go, isReserved)
            meters[number]?.count(decision)
            switch decision.verdict {
            case .go: requests[index].envelope.charges = decision.charges
            case .refuse(let why, let after), .wait(let why, let after):
                let row = row(requests[index].metadata, number)
                let pause = returns.pause(
                    max(.milliseconds(10), after ?? Self.pause), row: row,
                    spacing: decision.spacing ?? ReturnTurns.spacing, at: EventLoop.shared.now)
                let now = WallClock.now().milliseconds
                notes.refused(
                    String(why.prefix(Self.mostWords)), row: row, until: now + Int64(pause / .milliseconds(1)), at: now)
                requests[index].envelope.park(for: pause)
            case .drop(let payload, _):
                judged[index].isGoing = true
                requests[index].envelope.end(.result(.answer(statusCode: 429, body: Array(payload.utf8)[...])))
            }
        }
        return judged
    }

    /// The same number for all requests of a queue that share its quotas.
    private func row(_ metadata: [String: String], _ queue: Int) -> Int {
        var row = Hasher()
        row.combine(queue)
        for attribute in gates.plan(of: owners[queue]).attributes { row.combine(metadata[attribute]) }
        return row.finalize()
    }

    /// What has kept a request back whose deadline has passed in its queue; `nil` if no gate is known to have.
    ///
    /// - Parameter deadline: Unix seconds.
    func whyLate(_ metadata: [String: String], deadline: Int64, queue: Int) -> String? {
        notes.words(
            row: row(metadata, queue), queue: queue, deadline: max(0, deadline) &* 1000,
            at: WallClock.now().milliseconds)
    }

    /// For `/status`.
    var statuses: [StatusReport.Gate] { gates.statuses.map(StatusReport.Gate.init) }

    /// Requests that held these have ended, or do not begin.
    func ended(_ reservations: [GateReservation], hasRun: Bool) { gates.ended(reservations, hasRun: hasRun) }
}

extension Envelope {
    /// Back to its queue, but no longer than to its deadline: there it ends.
    fileprivate mutating func park(for pause: Duration) {
        let left = max(0, millisecondsLeft(at: WallClock.now().milliseconds))
        let milliseconds = min(pause / .milliseconds(1), Double(left))
        (headers, url, payload) = ([], "", [])
        end(.parked(afterMilliseconds: Int64(milliseconds)))
    }
}
