import DequeModule
import Forecasts
import Intake
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import PipelineTracing
import Primitives
import Queue
import Stage
import Tap
import Tracing

/// Takes requests from the queues, in the order of the merge policy, and sends them to dispatch as fast as it has room.
///
/// It keeps every request it has leased until the pipeline reports that it is settled; `RedisPubSubRenewer` renews
/// those leases.
@PipelineActor
final class Ingester {
    let dispatch: OutgoingLink
    private var preparation: Preparation
    private let policy: MergePolicy
    var order: SendOrder
    let hasTiers: Bool
    /// A timer runs, since a request of a higher tier is expected.
    var willMove = false
    /// Per queue: who goes, and may lease, first; all 0 where none does.
    let ranks: [Int]
    let queuesByRank: [Int]
    private let logger: Logger
    private let tap: Tap?
    var lanes: [IngestLane]
    var admission: Admission
    var holdings = Holdings()
    private var meters: IngestMeters
    var random = SystemRandomNumberGenerator()
    /// `nil` where no queue has a gate.
    var gates: QueueGates?
    /// `nil` where nobody records any.
    var spans: RequestSpans?
    private(set) var isDraining = false
    private var drainWaiters: [CheckedContinuation<Void, Never>] = []

    init(
        queues: [QueueSettings], dispatch: OutgoingLink, preparation: Preparation, policy: MergePolicy,
        maxInFlight: Int?, maxOpenBytes: Int, metrics: (QueueSettings) -> RequestMetrics, held: HeldMetrics,
        logger: Logger, tap: Tap?
    ) {
        self.dispatch = dispatch
        self.preparation = preparation
        self.policy = policy
        order = SendOrder(policy)
        let ranks = queues.map { policy.rank(of: $0) }
        self.ranks = ranks
        hasTiers = Set(ranks).count > 1
        queuesByRank = queues.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
        self.logger = logger
        self.tap = tap
        lanes = queues.map { IngestLane(settings: $0, metrics: metrics($0)) }
        meters = IngestMeters(queues: queues.count, held: held)
        admission = Admission(
            queues: queues.count, maxInFlight: maxInFlight, maxOpenBytes: maxOpenBytes, ranks: ranks,
            isStrict: policy.isStrict)
        dispatch.onDone = { [weak self] in self?.settled($0) }
        dispatch.onRoom = { [weak self] in self?.move() }
    }

    /// Every leased request is settled or given back, and no lease is in flight.
    var isEmpty: Bool { holdings.count == 0 && lanes.allSatisfy { !$0.isLeasing && $0.unwanted.isEmpty } }

    /// For `/status`.
    var counts: [String: Int] {
        [
            "leased": holdings.count, "leased_bytes": admission.openBytes,
            "waiting": lanes.reduce(0) { $0 + $1.count }, "sent": dispatch.openCount,
        ]
    }

    /// Why no request moves, unless the queue is the cause.
    var stall: StallReason? {
        if isDraining { return .draining }
        if !dispatch.hasLivePeer { return .noPeers }
        if !dispatch.conditions.isEmpty { return .gatewayAway }
        let held = lanes.indices.filter { lanes[$0].permitWaiter != nil }
        if held.contains(where: { gates?.isClosed(queue: $0) == true }) { return .gateClosed }
        return !held.isEmpty ? .noRoom : holdings.count == 0 ? .queueEmpty : nil
    }

    /// What the dispatches say about the gateways.
    var gateways: [Condition] { dispatch.conditions }

    func waitUntilDraining() async {
        if isDraining { return }
        await withCheckedContinuation { drainWaiters.append($0) }
    }

    /// How many requests `queue` may lease now, at least one: waits for room.
    ///
    /// 0 once draining; otherwise `accept` must follow, whether the lease succeeds or not.
    func permits(queue: Int) async -> Int {
        while !isDraining, let delay = lanes[queue].pacer.delay(at: EventLoop.shared.now) {
            await EventLoop.shared.pause(for: delay)
        }
        if isDraining { return 0 }
        let count = currentPermits(queue: queue)
        if count > 0 {
            lanes[queue].beginLease(count, at: EventLoop.shared.now)
            return count
        }
        return await withCheckedContinuation { lanes[queue].permitWaiter = $0 }
    }

    /// Forbids messages to name these as the destination of their results.
    func reserve(_ destinations: [String]) {
        for name in destinations { preparation.reserved.insert(name, name) }
    }

    /// Takes responsibility for the requests that a source has leased; while draining, to give them back.
    ///
    /// Ends when gates have judged each of them.
    func accept(_ deliveries: [Delivery], queue: Int) async {
        // Where gates judge each, it is not known how many may go.
        let judges = gates?.judgesEach(queue: queue) == true
        lanes[queue].endLease(judges ? 0 : deliveries.count, at: EventLoop.shared.now)
        if isDraining { return lanes[queue].unwanted += deliveries.map(\.receipt) }
        let now = WallClock.now().milliseconds
        let store = lanes[queue].storeNumber
        var judged: (requests: [(envelope: Envelope, metadata: [String: String])], tokens: [UInt64]) = ([], [])
        for delivery in deliveries {
            var (envelope, metadata) = preparation.prepare(delivery, from: lanes[queue].settings, now: now)
            (envelope.store, envelope.tier) = (store, ranks[queue])
            tellWhyItIsLate(&envelope, metadata, queue)
            let span = spans?.begin(&envelope, metadata: metadata, queue: lanes[queue].settings)
            if let time = tap?.moment {
                tap?.publish(TapCopy(envelope, .input, link: "queue-ingest", time: time))
            }
            var holding = Holdings.Holding(
                queue: queue, receipt: delivery.receipt, bytes: delivery.bytes.count + Self.overhead,
                leasedAt: EventLoop.shared.now, deadline: envelope.deadline,
                isFirstAttempt: delivery.failedAttempts == 0)
            holding.span = span
            if case .ended = envelope.progress { holding.isForAttempt = false }
            let token = holdings.insert(holding)
            admission.leased(holding.share)
            if judges {
                judged.requests.append((envelope, metadata))
                judged.tokens.append(token)
            } else {
                count(envelope, lanes[queue].metrics)
                lanes[queue].waiting.append((envelope, token))
            }
        }
        if judges { await judge(&judged.requests, judged.tokens, queue) }
        move()
    }

    /// Asks the gates about requests that have been leased; meanwhile a drain may have begun, or leases been lost.
    private func judge(
        _ requests: inout [(envelope: Envelope, metadata: [String: String])], _ tokens: [UInt64], _ queue: Int
    ) async {
        guard let gates else { return }
        let decisions = await gates.judge(&requests, of: lanes[queue].settings, number: queue)
        for (index, token) in tokens.enumerated() {
            let decision = decisions[index]
            guard holdings[token] != nil else {
                gates.ended(decision.reservations, hasRun: false)
                continue
            }
            holdings[token]?.reservations = decision.reservations
            if isDraining {
                guard let holding = forget(token) else { continue }
                admission.dropped(holding.share)
                lanes[queue].unwanted.append(holding.receipt)
                continue
            }
            var envelope = requests[index].envelope
            if decision.isGoing { count(envelope, lanes[queue].metrics) }
            guard case .waiting = envelope.progress else {
                holdings[token]?.isForAttempt = false
                lanes[queue].decided.append((envelope, token))
                continue
            }
            if let isReserved = decision.isReserved {
                envelope.tier = policy.rank(of: lanes[queue].settings, isReserved: isReserved)
            }
            if decision.isReserved == false, ranks[queue] > 0 {
                lanes[queue].overflow.append((envelope, token))
            } else {
                lanes[queue].waiting.append((envelope, token))
            }
        }
    }

    /// Forgets a request, gives back its places in quotas, and ends its span.
    private func forget(_ token: UInt64) -> Holdings.Holding? {
        guard let holding = holdings.remove(token) else { return nil }
        if !holding.reservations.isEmpty { gates?.ended(holding.reservations, hasRun: holding.isSent) }
        holding.span?.end()
        return holding
    }

    /// A deadline that passed in the queue while the gateway was away, or a gate kept it back: the producer is told so.
    private func tellWhyItIsLate(_ envelope: inout Envelope, _ metadata: [String: String], _ queue: Int) {
        guard case .ended(.result(.failure(.deadlineExceeded, var message))) = envelope.progress else { return }
        if let gateway = gateways.first(where: { $0.queue == envelope.queue }) {
            message += "; the gateway \(gateway.subject): \(gateway.text)"
        }
        if let why = gates?.whyLate(metadata, deadline: envelope.deadline, queue: queue) {
            message += "; the gate of its queue: \(why)"
        }
        envelope.end(.result(.failure(.deadlineExceeded, message: message)))
    }

    /// Approximate memory of a request beside its bytes, so that the limit in bytes also limits small requests.
    private static let overhead = 1024

    /// Sets the store of a queue: requests leased from now on carry it.
    func know(_ store: StoreAnswer, queue: Int) {
        guard store != lanes[queue].store else { return }
        lanes[queue].store = store
        let name = lanes[queue].settings.name
        switch store {
        case .store(let store):
            logger.info("Requests come from a store", metadata: ["queue": "\(name)", "store": "\(store)"])
        case .unknown(let reason):
            logger.warning(
                "The store of a queue has no name that can be read; emit will not notice if it settles in another",
                metadata: ["queue": "\(name)", "error": "\(reason)"])
        }
    }

    /// Counts a request, and also its outcome if it gets no attempt, since no other stage counts that.
    ///
    /// A cancelled one is neither a failure nor late; one that was taken over has been counted by whoever had it.
    private func count(_ envelope: Envelope, _ metrics: RequestMetrics) {
        if envelope.failedAttempts == 0, envelope.deliveries == 0 { metrics.requests.increment() }
        switch envelope.progress {
        case .ended(.result(.failure(.deadlineExceeded, _))): metrics.exceededDeadline.increment()
        case .ended(.result(.failure(.invalidRequest, _))), .ended(.deadLetter): metrics.failed.increment()
        default: break
        }
    }

    /// Receipts of `queue` whose lease is older than `age`; they count as renewed from now.
    func receiptsToRenew(queue: Int, olderThan age: Duration) -> [Receipt] {
        let now = EventLoop.shared.now
        return holdings.tokens(queue: queue, leasedBefore: now - age).compactMap { token in
            holdings[token]?.leasedAt = now
            return holdings[token]?.receipt
        }
    }

    /// Drops requests that another process has leased meanwhile, if they have not been sent.
    ///
    /// Requests that have been sent go on: their results still count if they are the first. Most of them are settled
    /// already: a renewal often crosses the acknowledgement.
    func lost(_ receipts: [Receipt], queue: Int) {
        let taken = holdings.miss(receipts, queue: queue)
        let dropped = Set(taken.unsent)
        if !dropped.isEmpty {
            _ = lanes[queue].remove { dropped.contains($0) }
            for case let holding? in taken.unsent.map({ forget($0) }) { admission.dropped(holding.share) }
        }
        guard taken.sent + dropped.count > 0 else { return }
        logger.warning(
            "Leases were taken over by another process",
            metadata: [
                "queue": "\(lanes[queue].settings.name)", "count": "\(taken.sent + dropped.count)",
                "not_sent": "\(dropped.count)",
            ])
        offerPermits()
    }

    /// Stops taking requests.
    ///
    /// - Returns: per queue, the receipts of requests that have not been sent, to be released.
    func beginDrain() -> [[Receipt]] {
        isDraining = true
        for waiter in drainWaiters { waiter.resume() }
        drainWaiters = []
        dispatch.beginDrain(returningUnsent: true)
        let released = lanes.indices.map { queue in
            let dropped = lanes[queue].remove { _ in true }.compactMap { forget($0) }
            for holding in dropped { admission.dropped(holding.share) }
            lanes[queue].permitWaiter?.resume(returning: 0)
            lanes[queue].permitWaiter = nil
            return dropped.map(\.receipt)
        }
        return released
    }

    /// Requests that came too late, and those that the link has taken back while draining because no peer may have
    /// them, per queue, to be released.
    func takeUnsent() -> [[Receipt]] {
        var released = lanes.indices.map { queue in
            defer { lanes[queue].unwanted = [] }
            return lanes[queue].unwanted
        }
        for case .lease(let token) in dispatch.takeUnsent() {
            guard let holding = forget(token) else { continue }
            admission.settled(holding.share)
            released[holding.queue].append(holding.receipt)
        }
        return released
    }

    private func settled(_ origin: Origin) {
        guard case .lease(let token) = origin, let holding = forget(token) else { return }
        admission.settled(holding.share)
        meters.ended(holding)
        offerPermits()
    }

    /// Shows what is held here.
    func updateMetrics() { meters.show(lanes, unsent: admission.buffered, dispatch) }

    /// What becomes of a queue's requests, now that what waits has been counted.
    func forecast(_ backlog: Backlog, queue: Int) -> Forecast {
        meters.forecast(
            backlog, queue: queue, open: admission.open[queue],
            isJudged: gates?.judgesEach(queue: queue) == true)
    }

    /// Requests of a queue that are leased.
    func openCount(queue: Int) -> Int { admission.open[queue] }

    /// Requests that could be leased, those that are included.
    var places: Int { admission.places(room: dispatch.room) }
}
