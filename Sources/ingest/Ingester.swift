import DequeModule
import Intake
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue
import Stage
import Tap

/// Takes requests from the queues, in the order of the merge policy, and sends them to dispatch as fast as it has room.
///
/// It keeps every request it has leased until the pipeline reports that it is settled; `RedisPubSubRenewer` renews
/// those leases.
@PipelineActor
final class Ingester {
    /// Requests that wait for room, and tasks that wait for permits, of one queue.
    private struct Lane {
        let settings: QueueSettings
        let metrics: RequestMetrics
        var waiting = Deque<(envelope: Envelope, token: UInt64)>()
        var permitWaiter: CheckedContinuation<Int, Never>?
        /// Permits were given: a lease may be in flight whose outcome is not known yet.
        var isLeasing = false
        /// Under load, one lease takes all requests of one and a half milliseconds: each lease costs a round trip and
        /// four thread switches.
        ///
        /// At half of the highest rate that is a quarter less CPU than half a millisecond,
        /// and a shorter tail.
        var pacer = Pacer(spacing: .microseconds(1500), burst: 4)
        /// Leased too late, to be released.
        var unwanted: [Receipt] = []
        /// The store of the queue, as far as it is known.
        var store: StoreAnswer?

        /// 0: not known.
        var storeNumber: UInt64 { if case .store(let store) = store { store.number } else { 0 } }
    }

    private let dispatch: OutgoingLink
    private var preparation: Preparation
    private let policy: MergePolicy
    private let logger: Logger
    private let tap: Tap?
    private var lanes: [Lane]
    private var admission: Admission
    private var holdings = Holdings()
    private var random = SystemRandomNumberGenerator()
    private(set) var isDraining = false
    private var drainWaiters: [CheckedContinuation<Void, Never>] = []

    /// At most this many requests are asked for at once: enough to fill a batch, few enough to keep a reply short.
    private static let maxLease = 512

    init(
        queues: [QueueSettings], dispatch: OutgoingLink, preparation: Preparation, policy: MergePolicy,
        maxInFlight: Int?, maxOpenBytes: Int, metrics: (QueueSettings) -> RequestMetrics, logger: Logger, tap: Tap?
    ) {
        self.dispatch = dispatch
        self.preparation = preparation
        self.policy = policy
        self.logger = logger
        self.tap = tap
        lanes = queues.map { Lane(settings: $0, metrics: metrics($0)) }
        admission = Admission(queues: queues.count, maxInFlight: maxInFlight, maxOpenBytes: maxOpenBytes)
        dispatch.onDone = { [weak self] in self?.settled($0) }
        dispatch.onRoom = { [weak self] in self?.move() }
    }

    /// Every leased request is settled or given back, and no lease is in flight.
    var isEmpty: Bool { holdings.count == 0 && lanes.allSatisfy { !$0.isLeasing && $0.unwanted.isEmpty } }

    /// For `/status`.
    var counts: [String: Int] {
        [
            "leased": holdings.count, "leased_bytes": admission.openBytes,
            "waiting": lanes.reduce(0) { $0 + $1.waiting.count }, "sent": dispatch.openCount,
        ]
    }

    /// Why no request moves, unless the queue is the cause.
    var stall: StallReason? {
        if isDraining { return .draining }
        if !dispatch.hasLivePeer { return .noPeers }
        if !dispatch.conditions.isEmpty { return .gatewayAway }
        return lanes.contains { $0.permitWaiter != nil } ? .noRoom : holdings.count == 0 ? .queueEmpty : nil
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
            lanes[queue].isLeasing = true
            return count
        }
        return await withCheckedContinuation { lanes[queue].permitWaiter = $0 }
    }

    /// Forbids messages to name these as the destination of their results.
    func reserve(_ destinations: [String]) {
        for name in destinations { preparation.reserved.insert(name, name) }
    }

    /// Takes responsibility for the requests that a source has leased; while draining, to give them back.
    func accept(_ deliveries: [Delivery], queue: Int) {
        lanes[queue].isLeasing = false
        if isDraining { return lanes[queue].unwanted += deliveries.map(\.receipt) }
        let now = WallClock.now().milliseconds
        let store = lanes[queue].storeNumber
        for delivery in deliveries {
            var envelope = preparation.envelope(for: delivery, from: lanes[queue].settings, now: now)
            envelope.store = store
            tellWhyItIsLate(&envelope)
            if let time = tap?.moment {
                tap?.publish(TapCopy(envelope, .input, link: "queue-ingest", time: time))
            }
            let holding = Holdings.Holding(
                queue: queue, receipt: delivery.receipt, bytes: delivery.bytes.count + Self.overhead,
                leasedAt: EventLoop.shared.now)
            let token = holdings.insert(holding)
            admission.leased(holding.share)
            count(envelope, lanes[queue].metrics)
            lanes[queue].waiting.append((envelope, token))
        }
        move()
    }

    /// A deadline that passed in the queue while the gateway was away: the producer is told so.
    private func tellWhyItIsLate(_ envelope: inout Envelope) {
        guard case .ended(.result(.failure(.deadlineExceeded, let message))) = envelope.progress,
            let gateway = gateways.first(where: { $0.queue == envelope.queue })
        else { return }
        let reason = "\(message); the gateway \(gateway.subject): \(gateway.text)"
        envelope.end(.result(.failure(.deadlineExceeded, message: reason)))
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
    /// A cancelled one is neither a failure nor late.
    private func count(_ envelope: Envelope, _ metrics: RequestMetrics) {
        if envelope.failedAttempts == 0 { metrics.requests.increment() }
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
            lanes[queue].waiting.removeAll { dropped.contains($0.token) }
            for case let holding? in taken.unsent.map({ holdings.remove($0) }) { admission.dropped(holding.share) }
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
            let dropped = lanes[queue].waiting.compactMap { holdings.remove($0.token) }
            for holding in dropped { admission.dropped(holding.share) }
            lanes[queue].waiting.removeAll()
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
            guard let holding = holdings.remove(token) else { continue }
            admission.settled(holding.share)
            released[holding.queue].append(holding.receipt)
        }
        return released
    }

    private func settled(_ origin: Origin) {
        guard case .lease(let token) = origin, let holding = holdings.remove(token) else { return }
        admission.settled(holding.share)
        offerPermits()
    }

    /// Sends while there is room.
    private func move() {
        var room = dispatch.room
        while room > 0, let queue = nextQueue(), let item = lanes[queue].waiting.popFirst() {
            holdings[item.token]?.isSent = true
            admission.sent(queue: queue)
            dispatch.send(item.envelope, from: .lease(item.token), lane: queue)
            room -= 1
        }
        offerPermits()
    }

    private func nextQueue() -> Int? {
        if lanes.count == 1 { return lanes[0].waiting.isEmpty ? nil : 0 }
        return policy.next(waiting: lanes.map(\.waiting.count), random: random.next())
    }

    private func offerPermits() {
        for queue in lanes.indices where lanes[queue].permitWaiter != nil {
            let count = currentPermits(queue: queue)
            guard count > 0, let waiter = lanes[queue].permitWaiter else { continue }
            lanes[queue].permitWaiter = nil
            lanes[queue].isLeasing = true
            waiter.resume(returning: count)
        }
    }

    /// None while dispatch has handed back requests of this queue: its share of the room there is used up.
    private func currentPermits(queue: Int) -> Int {
        dispatch.hasHandedBack(lane: queue)
            ? 0 : min(Self.maxLease, admission.permits(queue: queue, room: dispatch.room))
    }
}
