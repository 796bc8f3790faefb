import Attempts
import Gateways
import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue
import Stage
import Status

/// Makes an attempt for each request that arrives, as many at once as there are slots, and sends what came of it to
/// emit or, if it may be worth repeating, to retry.
///
/// A message is finished when the stage that got its outcome has said so. Until then the outcome is kept, and sent to
/// another emit or retry if one dies: what the gateway has answered is never asked again.
///
/// A queue whose outcomes are not taken (emit hands them back, or they have used up the queue's share) starts nothing
/// more; what comes for it is handed back to ingest once its share of the places for waiting is used up, too. The others
/// go on. Likewise a queue whose gateway is away, but for one request at a time that tries: see `GatewayWatch`.
///
/// A *lane* is one queue at one gateway.
@PipelineActor
final class Dispatcher: StageWork {
    private struct Waiting {
        let envelope: Envelope
        let ticket: IncomingLink.Ticket
        let share: QueueShares.Share
        let since: Duration
    }

    private let incoming: IncomingLink
    private let emit: OutgoingLink
    private let retry: OutgoingLink
    private let attempter: Attempter
    private let gateways: GatewayWatch
    private let counter: AttemptCounter
    private let logger: Logger
    private let maxUnackedBytes: Int
    private let concurrency: Int
    private var waiting: StartQueue<Waiting>
    private var ahead: StartsAhead
    /// Places for requests that wait, and room for outcomes that are not settled.
    private var requests: QueueShares
    private var outcomes: QueueShares
    private var isDraining = false

    init(
        incoming: IncomingLink, emit: OutgoingLink, retry: OutgoingLink, attempter: Attempter, concurrency: Int,
        maxUnackedBytes: Int, gateways: GatewayWatch, counter: AttemptCounter, logger: Logger
    ) {
        self.incoming = incoming
        self.emit = emit
        self.retry = retry
        self.attempter = attempter
        self.gateways = gateways
        self.concurrency = concurrency
        self.counter = counter
        self.logger = logger
        self.maxUnackedBytes = maxUnackedBytes
        attempter.setBodyRoom(maxUnackedBytes)
        waiting = StartQueue(slots: concurrency)
        ahead = StartsAhead(concurrency: concurrency)
        // More than ever are asked for, so that a queue that is stuck does not use up what the others need.
        requests = QueueShares(count: 4 * concurrency + 256, bytes: max(1, maxUnackedBytes / 2))
        outcomes = QueueShares(bytes: maxUnackedBytes)
        incoming.onMessage = { [weak self] in self?.arrived($0, $1) }
        incoming.wantedRoom = { [weak self] in
            guard let self, outcomes.hasRoomForSome, requests.hasRoomForSome else { return 0 }
            // So that another dispatch, from which the gateway can be reached, has more room than this one.
            if gateways.areAllHeld { return waiting.count < concurrency ? 1 : 0 }
            return waiting.room(ahead: ahead.count(at: EventLoop.shared.now)) {
                self.mayGoOn($0) && !self.gateways.isHeld($0)
            }
        }
        gateways.onProbe = { [weak self] in self?.startWaiting() }
        emit.onShareEnd = { [weak self] in self?.settled($0) }
        retry.onShareEnd = emit.onShareEnd
        emit.onDone = { [weak incoming] in incoming?.finish($0) }
        retry.onDone = { [weak incoming] in incoming?.finish($0) }
        emit.mayBeRepeated = { [weak incoming] in incoming?.mayBeElsewhere($0) == true }
        retry.mayBeRepeated = emit.mayBeRepeated
    }

    private var isIdle: Bool { waiting.active == 0 && waiting.count == 0 && emit.isIdle && retry.isIdle }
    private var canLeave: Bool { isIdle && incoming.canLeave }

    // What a stage does beside: all work happens when messages arrive and attempts end. Each says that it is the pipeline
    // thread's: the requirements are no actor's, and so would these be (SE-0461).

    @PipelineActor
    func run() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil { survey() }
    }

    @PipelineActor
    func counts() async -> [String: Int] {
        [
            "attempts": waiting.active, "waiting": waiting.count,
            "held": waiting.busyLanes.filter(gateways.isHeld).reduce(0) { $0 + waiting.count(lane: $1) },
            "outcomes_for_emit": emit.openCount,
            "outcomes_for_retry": retry.openCount, "outcome_bytes": emit.openBytes + retry.openBytes,
            "outcomes_unsettleable": emit.unsettleableCount,
        ]
    }

    @PipelineActor
    func stall() async -> StallReason? {
        if isDraining { return .draining }
        if !emit.hasLivePeer || !retry.hasLivePeer { return .noPeers }
        if waiting.count > 0 { return waiting.busyLanes.allSatisfy(gateways.isHeld) ? .gatewayAway : .gatewaySlotsFull }
        return gateways.areAllInTrouble ? .gatewayAway : nil
    }

    @PipelineActor
    func problems() async -> [WiringProblem] { gateways.problems }

    @PipelineActor
    func gatewayStatus() async -> [StatusReport.Gateway] { gateways.status(held: waiting.count(lane:)) }

    /// Gives back what has not been started, and finishes the rest.
    @PipelineActor
    func drain() async {
        isDraining = true
        incoming.beginDrain()
        waiting.removeAll { requests.remove($0.share) }
        emit.beginDrain()
        retry.beginDrain()
        while !canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    /// Breaks off what is under way; it stays open with its senders, which offer it to others.
    @PipelineActor
    func abandon() async {
        let count = attempter.abortAll()
        guard count > 0 else { return }
        logger.warning(
            "Attempts are broken off at the drain timeout; others will make them again", metadata: ["count": "\(count)"]
        )
    }

    private func arrived(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        let lane = gateways.lane(of: envelope)
        if case .waiting = envelope.progress {
            let isHeld = gateways.isHeld(lane)
            if isHeld, envelope.millisecondsLeft(at: WallClock.now().milliseconds) <= 0 {
                return endUnattempted(envelope, ticket, lane: lane)
            }
            // No more wait for a gateway that is away than can start at once when it is back.
            let isCrowded = isHeld && waiting.count(lane: lane) >= concurrency
            guard requests.hasRoom(lane: lane), !isCrowded else { return incoming.handBack(ticket) }
            let share = QueueShares.Share(lane: lane, bytes: envelope.payload.count)
            requests.add(share)
            waiting.append(
                Waiting(envelope: envelope, ticket: ticket, share: share, since: EventLoop.shared.now), lane: lane)
            startWaiting()
        } else if incoming.start(ticket) {
            // It was decided before it came here: it needs no attempt.
            pass(envelope, ticket, lane: lane)
        }
    }

    private func mayGoOn(_ lane: Int) -> Bool {
        outcomes.hasRoom(lane: lane) && !emit.hasHandedBack(lane: lane) && !retry.hasHandedBack(lane: lane)
    }

    private func settled(_ share: QueueShares.Share) {
        outcomes.remove(share)
        shareBodyRoom()
        // Only what was held up by outcomes may start now; slots that became free have been filled.
        if waiting.count > 0 { startWaiting() }
    }

    private func startWaiting() {
        let now = EventLoop.shared.now
        while let (next, lane) = waiting.start(where: { mayGoOn($0) && gateways.mayStart($0, at: now) }) {
            begin(next, lane: lane)
        }
    }

    /// Makes an attempt for a request that has a slot.
    private func begin(_ next: Waiting, lane: Int) {
        requests.remove(next.share)
        guard incoming.start(next.ticket) else { return waiting.ended(lane: lane) }
        #if FAULT_HOOKS
            FaultHook.crash(for: next.envelope)
        #endif
        ahead.started(at: EventLoop.shared.now)
        counter.starts(next.envelope)
        let attempt = gateways.started(
            lane, ownToken: attempter.sendsOwnToken, at: EventLoop.shared.now)
        let onBegin = attempt.isTrial ? { @PipelineActor [weak self] in self?.connected(attempt) ?? () } : nil
        attempter.start(next.envelope, onBegin: onBegin) { [weak self, ticket = next.ticket] envelope, observation in
            guard let self else { return }
            waiting.ended(lane: lane)
            gateways.ended(attempt, observation, envelope)
            counter.count(observation, queue: envelope.queue)
            // First: the gateway waits for it, and nobody waits for an outcome.
            startWaiting()
            pass(envelope, ticket, lane: lane)
        }
    }

    /// The deadline has passed while the gateway was away.
    private func endUnattempted(_ envelope: Envelope, _ ticket: IncomingLink.Ticket, lane: Int) {
        guard incoming.start(ticket) else { return }
        var envelope = envelope
        envelope.progress = gateways.lastWord(on: lane)
        counter.missedDeadline(queue: envelope.queue)
        pass(envelope, ticket, lane: lane)
    }

    private func connected(_ attempt: Gateways.Attempt) {
        gateways.connected(attempt)
        startWaiting()
    }

    /// How long requests wait here for a gateway that is away before others may have them.
    private static let patience = Duration.seconds(10)

    /// Once a second: what waits for a gateway that is away ends at its deadline, and after a while it goes back to ingest,
    /// but for one request that finds out when the gateway is back; at once to an ingest that drains.
    private func survey() {
        let (now, date) = (EventLoop.shared.now, WallClock.now().milliseconds)
        let patience = Self.patience
        for lane in waiting.busyLanes where gateways.isHeld(lane) {
            for item in waiting.remove(lane: lane, where: { $0.envelope.millisecondsLeft(at: date) <= 0 }) {
                requests.remove(item.share)
                endUnattempted(item.envelope, item.ticket, lane: lane)
            }
            var isFirst = true
            let old = waiting.remove(lane: lane) { item in
                defer { isFirst = false }
                return incoming.isSenderDraining(item.ticket) || (!isFirst && now - item.since >= patience)
            }
            for item in old {
                requests.remove(item.share)
                incoming.handBack(item.ticket)
            }
        }
        gateways.survey(at: now, date: date)
        waiting.resting = gateways.heldCount
        incoming.tell(gateways.conditions(held: waiting.count(lane:)))
        startWaiting()
    }

    /// The request's payload stays behind: the queue has it, and its next attempt will come from there.
    private func pass(_ envelope: Envelope, _ ticket: IncomingLink.Ticket, lane: Int) {
        var envelope = envelope
        envelope.payload = []
        let link = if case .failed = envelope.progress { retry } else { emit }
        if let share = link.send(envelope, from: .message(ticket), lane: lane) {
            outcomes.add(share)
            shareBodyRoom()
        }
    }

    /// What is read of answers takes of the same room as what is kept of them.
    private func shareBodyRoom() { attempter.setBodyRoom(max(0, maxUnackedBytes - outcomes.byteCount)) }
}
