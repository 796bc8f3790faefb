import DequeModule
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import PipelineTracing
import Queue
import Stage
import Tap

/// Tells the queue how each request ended, in batches: outcomes that arrive while one batch is in flight form the next,
/// so that a single request never waits for others.
///
/// Settlements that the queue cannot take now are kept in separate room, where each queue has its share, so that they
/// take no room from the others. When a queue's share is used up, its further outcomes are handed back untried: their
/// sender keeps them anyway.
@PipelineActor
final class Emitter {
    struct Item {
        var envelope: Envelope
        let ticket: IncomingLink.Ticket
        /// Approximate size of its result as the queue gets it; the result is written when it is its turn.
        let bytes: Int
        /// The lane of its queue.
        let lane: Int
        /// The tap had a subscriber when it came.
        let isWatched: Bool
        /// `nil` where nobody records it.
        let span: PipelineSpan?
        /// How often the queue has permanently refused it.
        var refusals = 0
        /// How often settling it has failed, for any reason.
        var failures = 0
        /// Settling it has failed, and it no longer counts in `moving`.
        var isKept = false
        var isDelayed = false
        /// Its result cannot be written: it becomes a dead letter without one.
        var isGivenUp = false
    }

    /// Refusals after which a result goes to the dead letters instead.
    private static let maxRefusals = 10
    private static let maxBatch = 256
    private static let maxBatchBytes = 8 << 20

    private let incoming: IncomingLink
    private let settlements: Settlements
    private let limits: EmitLimits
    private let logger: Logger
    private let tap: Tap?
    private let charges: TokenCharges?
    /// `nil` where nobody records any.
    var spans: SettlementSpans?
    private var waiting = Deque<Item>()
    private var waiter: CheckedContinuation<Void, Never>?
    /// Under load a batch contains the settlements that come within the sink's spacing.
    private var pacer: Pacer
    /// Settlements taken that have not failed so far, and their bytes.
    private var moving = (count: 0, bytes: 0)
    /// Settlements that have failed.
    private var kept: QueueShares
    private var lanes = QueueNumbers()
    /// Settlements taken and not reported as done, by lane.
    private var held: [(queue: String, count: Int)] = []
    private var heldMetrics: HeldMetrics
    /// Settlements that the queue cannot take now, and the reasons that have been logged.
    private var delays = (count: 0, reasons: Set<String>())
    private static let maxReasons = 100
    /// Results permanently refused, and answers too large.
    private var refusals = RareLine()
    private var deadLetters: DeadLetterCounter
    private var counter: SettlementCounter
    private var latencies: LatencyMeter
    /// Finds settlements of another store than this process settles in; these are given back.
    private var stores = StoreCheck()
    private var complaints = Complaints()
    private var complaintTimer: TimerID?
    private var isStopped = false
    private(set) var isDraining = false

    /// - Parameter spacing: of batches under load.
    init(
        incoming: IncomingLink, settlements: Settlements, limits: EmitLimits, spacing: Duration,
        deadLetters: DeadLetterCounter, counter: SettlementCounter, charges: TokenCharges? = nil, held: HeldMetrics,
        latencies: LatencyMeter, logger: Logger, tap: Tap? = nil
    ) {
        pacer = Pacer(spacing: spacing, burst: 4)
        self.incoming = incoming
        self.settlements = settlements
        self.limits = limits
        self.deadLetters = deadLetters
        self.counter = counter
        self.charges = charges
        heldMetrics = held
        self.latencies = latencies
        self.logger = logger
        self.tap = tap
        kept = QueueShares(count: limits.keptCount, bytes: limits.keptBytes)
        incoming.onMessage = { [weak self] in self?.take($0, $1) }
        incoming.wantedRoom = { [weak self] in
            guard let self, moving.bytes <= limits.movingBytes else { return 0 }
            return limits.movingCount - moving.count
        }
    }

    var counts: [String: Int] {
        var counts = [
            "open": moving.count + kept.count, "waiting": waiting.count, "kept": kept.count,
            "open_bytes": moving.bytes + kept.byteCount, "of_other_stores": stores.refused,
        ]
        counts["uncharged_tokens"] = charges?.waitingTokens
        return counts
    }

    /// Shows what is held.
    func updateMetrics() {
        var counts = HeldCounts()
        for lane in held { counts.add(lane.count, of: lane.queue, in: .settlement) }
        heldMetrics.show(counts)
    }

    var problems: [WiringProblem] { stores.problems(at: EventLoop.shared.now) }
    var canLeave: Bool { moving.count == 0 && kept.count == 0 && incoming.canLeave }

    func beginDrain() {
        isDraining = true
        incoming.beginDrain()
    }

    /// Lets `nextBatch` return an empty batch from now on.
    func stop() {
        isStopped = true
        resume()
    }

    /// Charges what is left to quotas.
    func finishCharging() async { await charges?.finish() }

    /// Waits for requests to settle; none once stopped.
    func nextBatch() async -> [Item] {
        while waiting.isEmpty && !isStopped {
            await withCheckedContinuation { waiter = $0 }
        }
        while waiting.count < Self.maxBatch, !isStopped, let delay = pacer.delay(at: EventLoop.shared.now) {
            await EventLoop.shared.pause(for: delay)
        }
        var batch: [Item] = []
        var bytes = 0
        while let item = waiting.first, batch.count < Self.maxBatch,
            batch.isEmpty || bytes + item.bytes <= Self.maxBatchBytes
        {
            bytes += item.bytes
            batch.append(item)
            waiting.removeFirst()
        }
        return batch
    }

    /// The settlements of a batch for the queue: written for each try, so that only those in flight use memory as text,
    /// and because time passes between tries.
    func settlements(of batch: [Item]) -> [Settlement] {
        batch.map { item in
            var settlement = settlements.settlement(of: item.envelope)
            if item.isGivenUp, case .deadLetter(let reason, _) = settlement.action {
                settlement.action = .deadLetter(reason: reason, result: nil)
            }
            if incoming.mayBeElsewhere(item.ticket) { settlement.mayBeRepeated = true }
            return settlement
        }
    }

    /// Reports what the queue has settled, and retries what it refused: a result that it refuses repeatedly goes to the
    /// dead letters.
    func settled(_ batch: [Item], _ statuses: [SettlementStatus]) {
        for (item, status) in zip(batch, statuses) {
            publish(item, status)
            switch status {
            case .settled:
                stores.settled()
                counter.settled(item.envelope)
                if !item.envelope.charges.isEmpty { charges?.settled(item.envelope) }
                if case .ended(.deadLetter(let reason)) = item.envelope.progress {
                    deadLetters.count(item.envelope, reason: reason, at: EventLoop.shared.now)
                }
                latencies.count(item.envelope)
                finish(item)
            case .stale where stores.isForeign(item.envelope.store): giveBack(item)
            case .stale:
                counter.refused(item.envelope, .stale)
                logger.debug(
                    "The request was settled before",
                    metadata: ["request.id": "\(item.envelope.id)", "queue": "\(item.envelope.queue)"])
                finish(item)
            case .refused(let reason): refused(item, reason)
            case .tooLarge(let reason): tooLarge(item, reason)
            case .delayed(let reason): delayed(item, reason)
            }
        }
    }

    /// The store this process settles in.
    func know(_ store: StoreAnswer) {
        guard stores.know(store) else { return }
        switch store {
        case .store(let store): logger.info("Results go to a store", metadata: ["store": "\(store)"])
        case .unknown(let reason):
            logger.warning(
                "The store has no name that can be read; what belongs to another will not be noticed",
                metadata: ["error": "\(reason)"])
        }
    }

    /// Another process may settle it; its sender keeps it until one does.
    private func giveBack(_ item: Item) {
        counter.refused(item.envelope, .otherStore)
        stores.refuse(store: item.envelope.store, queue: item.envelope.queue, at: EventLoop.shared.now)
        endDelay(item)
        forget(item)
        incoming.refuse(item.ticket, .foreign)
        if complaintTimer == nil { lookAgain() }
    }

    /// Logs problems, and their end.
    private func lookAgain() {
        complaintTimer = EventLoop.shared.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            complaintTimer = nil
            complaints.say(problems, logger)
            if stores.isRefusing(at: EventLoop.shared.now) { lookAgain() }
        }
    }

    /// An answer that is too large for the queue becomes an error result, which is shorter and is tried next.
    private func tooLarge(_ item: Item, _ reason: String) {
        guard case .ended(.result(.answer)) = item.envelope.progress else { return refused(item, reason) }
        counter.refused(item.envelope, .tooLarge)
        say(item, "\(item.bytes) bytes: \(reason)")
        var item = item
        let message = "the result has \(item.bytes) bytes as JSON, more than the queue takes: \(reason)"
        item.envelope.end(.result(.failure(.inferenceError, message: message)))
        tryAgain(item)
    }

    /// Logged at a limited rate: a thousand requests may name the same key that is not a list.
    private func say(_ item: Item, _ reason: String) {
        refusals.note()
        guard let line = refusals.due(at: EventLoop.shared.now) else { return }
        logger.warning(
            "The queue refuses a result",
            metadata: [
                "request.id": "\(item.envelope.id)", "queue": "\(item.envelope.queue)",
                "destination": "\(item.envelope.resultDestination)", "error": "\(reason)",
                "refusals": "\(item.refusals)", "count": "\(line.count)",
            ])
    }

    private func refused(_ item: Item, _ reason: String) {
        counter.refused(item.envelope, .refused)
        var item = item
        item.refusals += 1
        if item.refusals == 1 || item.refusals == Self.maxRefusals { say(item, reason) }
        if item.refusals == Self.maxRefusals {
            var reason = "the result cannot be written: \(reason)"
            if case .ended(.deadLetter(let first)) = item.envelope.progress { reason = "\(first); \(reason)" }
            item.isGivenUp = true
            item.envelope.end(.deadLetter(reason: reason))
        }
        tryAgain(item)
    }

    /// Logged once for each reason: a thousand requests may wait for the same.
    private func delayed(_ item: Item, _ reason: String) {
        counter.refused(item.envelope, .delayed)
        var item = item
        if !item.isDelayed {
            item.isDelayed = true
            delays.count += 1
        }
        if delays.reasons.count < Self.maxReasons, delays.reasons.insert(reason).inserted {
            logger.warning(
                "The queue cannot take results now; trying again until it can",
                metadata: [
                    "request.id": "\(item.envelope.id)", "queue": "\(item.envelope.queue)",
                    "destination": "\(item.envelope.resultDestination)", "error": "\(reason)",
                ])
        }
        tryAgain(item)
    }

    private func endDelay(_ item: Item) {
        guard item.isDelayed else { return }
        delays.count -= 1
        guard delays.count == 0 else { return }
        delays.reasons = []
        logger.info("The queue takes results again", metadata: ["queue": "\(item.envelope.queue)"])
    }

    /// Back-off with jitter, so that a thousand of them do not come back at once; large ones come back later, so that
    /// failing retries do not use up the bandwidth to the server.
    private func tryAgain(_ item: Item) {
        var item = item
        if !item.isKept {
            item.isKept = true
            move(item, -1)
            kept.add(item.share)
        }
        item.failures += 1
        let delay = 200 * min(item.failures, 10) + item.bytes / Self.triedAgainPerMillisecond
        EventLoop.shared.schedule(after: .milliseconds(Int.random(in: delay / 2...delay * 3 / 2))) { [weak self] in
            self?.append(item)
        }
    }

    /// Most bytes per millisecond that failing retries of one item may use.
    private static let triedAgainPerMillisecond = 8192

    private func take(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        let lane = lanes[envelope.queue]
        guard kept.hasRoom(lane: lane) else { return incoming.handBack(ticket) }
        guard incoming.start(ticket) else { return }
        var envelope = envelope
        let bytes = settlements.fit(&envelope, into: limits.maxResult)
        let item = Item(
            envelope: envelope, ticket: ticket, bytes: bytes, lane: lane, isWatched: tap?.isWatched == true,
            span: spans?.begin(envelope))
        move(item, 1)
        if lane == held.count { held.append((envelope.queue, 0)) }
        held[lane].count += 1
        append(item)
    }

    /// Publishes a copy of a settlement on the tap, with the queue's answer, and records that.
    private func publish(_ item: Item, _ status: SettlementStatus) {
        if let span = item.span { spans?.note(status, of: item.envelope, in: span) }
        guard item.isWatched, let time = tap?.moment else { return }
        let answer =
            switch status {
            case .settled: "settled"
            case .stale: "stale"
            case .refused(let reason): "refused: \(reason)"
            case .tooLarge(let reason): "too large: \(reason)"
            case .delayed(let reason): "delayed: \(reason)"
            }
        tap?.publish(TapCopy(item.envelope, .output, link: "emit-queue", answer: answer, time: time))
    }

    private func finish(_ item: Item) {
        endDelay(item)
        forget(item)
        incoming.finish(item.ticket)
    }

    private func forget(_ item: Item) {
        held[item.lane].count -= 1
        if item.isKept { kept.remove(item.share) } else { move(item, -1) }
    }

    private func move(_ item: Item, _ step: Int) {
        moving.count += step
        moving.bytes += step * item.bytes
    }

    private func append(_ item: Item) {
        waiting.append(item)
        resume()
    }

    private func resume() {
        waiter?.resume()
        waiter = nil
    }
}

extension Emitter.Item {
    var share: QueueShares.Share { .init(lane: lane, bytes: bytes) }
}
