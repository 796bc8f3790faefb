import DequeModule
import Links
import Logging
import Loop
import Messages
import Queue
import Stage
import Tap

/// Tells the queue how each request ended, in batches: whatever has come in while the last batch was on its way makes
/// the next one, so that a single request never waits for company.
@PipelineActor
final class Emitter {
    struct Item {
        var settlement: Settlement
        let ticket: IncomingLink.Ticket
        let bytes: Int
        /// What it came as, if somebody listens at the tap.
        var envelope: Envelope?
        /// How often the queue has refused it for good.
        var refusals = 0
        /// How often it has been tried in vain, for whatever reason.
        var failures = 0
        var isDelayed = false
    }

    /// Refusals after which a result goes to the dead letters instead.
    private static let mostRefusals = 10
    private static let largestBatch = 256
    private static let largestBatchBytes = 8 << 20

    private let incoming: IncomingLink
    private let settlements: Settlements
    private let logger: Logger
    private let tap: Tap?
    private var waiting = Deque<Item>()
    private var waiter: CheckedContinuation<Void, Never>?
    /// Under load a batch is what comes within the sink's spacing.
    private var pacer: Pacer
    /// Settlements taken and not finished, and their bytes.
    private var open = (count: 0, bytes: 0)
    /// Settlements that the queue cannot take now, and why, as far as it has been said.
    private var delays = (count: 0, reasons: Set<String>())
    private static let mostReasons = 100
    /// What is in another store than this process settles in is given back.
    private var stores = StoreCheck()
    private var complaints = Complaints()
    private var complaintTimer: TimerID?
    private var isStopped = false
    private(set) var isDraining = false

    /// A few batches: what waits longer may as well wait in the queue.
    private static let mostOpen = 4 * largestBatch

    /// - Parameter spacing: of batches under load.
    init(
        incoming: IncomingLink, settlements: Settlements, maxUnackedBytes: Int, spacing: Duration, logger: Logger,
        tap: Tap? = nil
    ) {
        pacer = Pacer(spacing: spacing, burst: 4)
        self.incoming = incoming
        self.settlements = settlements
        self.logger = logger
        self.tap = tap
        incoming.onMessage = { [weak self] in self?.take($0, $1) }
        incoming.wantedRoom = { [weak self] in
            guard let self, open.bytes <= maxUnackedBytes else { return 0 }
            return Self.mostOpen - open.count
        }
    }

    var counts: [String: Int] {
        ["open": open.count, "waiting": waiting.count, "of_other_stores": stores.refused]
    }
    var problems: [WiringProblem] { stores.problems(at: EventLoop.shared.now) }
    var canLeave: Bool { open.count == 0 && incoming.canLeave }

    func beginDrain() {
        isDraining = true
        incoming.beginDrain()
    }

    /// Lets `nextBatch` return an empty batch from now on.
    func stop() {
        isStopped = true
        resume()
    }

    /// Waits for requests to settle; none once stopped.
    func nextBatch() async -> [Item] {
        while waiting.isEmpty && !isStopped {
            await withCheckedContinuation { waiter = $0 }
        }
        while waiting.count < Self.largestBatch, !isStopped, let delay = pacer.delay(at: EventLoop.shared.now) {
            await EventLoop.shared.pause(for: delay)
        }
        var batch: [Item] = []
        var bytes = 0
        while let item = waiting.first, batch.count < Self.largestBatch, batch.isEmpty || bytes < Self.largestBatchBytes
        {
            bytes += item.bytes
            batch.append(item)
            waiting.removeFirst()
        }
        return batch
    }

    /// What the queue is told of a batch: asked for each try, because time passes between them.
    func settlements(of batch: [Item]) -> [Settlement] {
        batch.map { item in
            var settlement = item.settlement
            if incoming.mayBeElsewhere(item.ticket) { settlement.mayBeRepeated = true }
            return settlement
        }
    }

    /// Reports what the queue has settled, and tries again what it refused: a result it refuses time after time goes to
    /// the dead letters.
    func settled(_ batch: [Item], _ statuses: [SettlementStatus]) {
        for (item, status) in zip(batch, statuses) {
            publish(item, status)
            switch status {
            case .settled:
                stores.settled()
                finish(item)
            case .stale where stores.isForeign(item.settlement.store): giveBack(item)
            case .stale:
                logger.debug(
                    "The request was settled before",
                    metadata: ["request.id": "\(item.settlement.id)", "queue": "\(item.settlement.queue)"])
                finish(item)
            case .refused(let reason): refused(item, reason)
            case .delayed(let reason): delayed(item, reason)
            }
        }
    }

    /// Which store this process settles in.
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
        stores.refuse(item.settlement, at: EventLoop.shared.now)
        endDelay(item)
        forget(item)
        incoming.refuse(item.ticket, .foreign)
        if complaintTimer == nil { lookAgain() }
    }

    /// Says what is wrong, and when it is over.
    private func lookAgain() {
        complaintTimer = EventLoop.shared.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            complaintTimer = nil
            complaints.say(problems, logger)
            if stores.isRefusing(at: EventLoop.shared.now) { lookAgain() }
        }
    }

    private func refused(_ item: Item, _ reason: String) {
        var item = item
        item.refusals += 1
        if item.refusals == 1 || item.refusals == Self.mostRefusals {
            logger.warning(
                "The queue refuses a result",
                metadata: [
                    "request.id": "\(item.settlement.id)", "queue": "\(item.settlement.queue)",
                    "destination": "\(item.settlement.destination)", "error": "\(reason)",
                    "refusals": "\(item.refusals)",
                ])
        }
        if item.refusals == Self.mostRefusals {
            let reason = "the result cannot be written: \(reason)"
            item.settlement.action = .deadLetter(reason: reason, result: nil)
            item.envelope?.end(.deadLetter(reason: reason))
        }
        tryAgain(item)
    }

    /// Said once for each reason: a thousand requests may wait for the same.
    private func delayed(_ item: Item, _ reason: String) {
        var item = item
        if !item.isDelayed {
            item.isDelayed = true
            delays.count += 1
        }
        if delays.reasons.count < Self.mostReasons, delays.reasons.insert(reason).inserted {
            logger.warning(
                "The queue cannot take results now; trying again until it can",
                metadata: [
                    "request.id": "\(item.settlement.id)", "queue": "\(item.settlement.queue)",
                    "destination": "\(item.settlement.destination)", "error": "\(reason)",
                ])
        }
        tryAgain(item)
    }

    private func endDelay(_ item: Item) {
        guard item.isDelayed else { return }
        delays.count -= 1
        guard delays.count == 0 else { return }
        delays.reasons = []
        logger.info("The queue takes results again", metadata: ["queue": "\(item.settlement.queue)"])
    }

    /// With jitter, so that a thousand of them do not come back as one.
    private func tryAgain(_ item: Item) {
        var item = item
        item.failures += 1
        let delay = 200 * min(item.failures, 10)
        EventLoop.shared.schedule(after: .milliseconds(Int.random(in: delay / 2...delay * 3 / 2))) { [weak self] in
            self?.append(item)
        }
    }

    private func take(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        guard incoming.start(ticket) else { return }
        let settlement = settlements.settlement(of: envelope)
        let copied = tap?.isWatched == true ? envelope : nil
        let item = Item(settlement: settlement, ticket: ticket, bytes: settlement.size, envelope: copied)
        open.count += 1
        open.bytes += item.bytes
        append(item)
    }

    /// A copy of what the queue was told, with its answer.
    private func publish(_ item: Item, _ status: SettlementStatus) {
        guard let envelope = item.envelope, let time = tap?.moment else { return }
        let answer =
            switch status {
            case .settled: "settled"
            case .stale: "stale"
            case .refused(let reason): "refused: \(reason)"
            case .delayed(let reason): "delayed: \(reason)"
            }
        tap?.publish(TapCopy(envelope, .output, link: "emit-queue", answer: answer, time: time))
    }

    private func finish(_ item: Item) {
        endDelay(item)
        forget(item)
        incoming.finish(item.ticket)
    }

    private func forget(_ item: Item) {
        open.count -= 1
        open.bytes -= item.bytes
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

extension Settlement {
    /// Bytes that writing it moves, about.
    var size: Int {
        switch action {
        case .result(let json): json.count
        case .deadLetter(let reason, let result): reason.utf8.count + (result?.count ?? 0)
        case .park, .release: 0
        }
    }
}
