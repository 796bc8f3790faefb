import Attempts
import Gateways
import Logging
import Loop
import Messages
import PipelineMetrics
import Pools
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
/// How many attempts there are at once is each pool's matter, see `PoolWatch`; what waits for a pool that is full or closed
/// keeps nobody else up.
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
    private let pools: PoolWatch
    private let counter: AttemptCounter
    private let logger: Logger
    private let maxUnackedBytes: Int
    private let concurrency: Int
    private var waiting: StartQueue<Waiting>
    private var ahead: StartsAhead
    private var lanes = Lanes()
    /// Places for requests that wait, and room for outcomes that are not settled.
    private var requests: QueueShares
    private var outcomes: QueueShares
    private var isDraining = false
    private var turns = 0

    init(
        incoming: IncomingLink, emit: OutgoingLink, retry: OutgoingLink, attempter: Attempter, concurrency: Int,
        maxUnackedBytes: Int, gateways: GatewayWatch, pools: PoolWatch, counter: AttemptCounter, logger: Logger
    ) {
        self.incoming = incoming
        self.emit = emit
        self.retry = retry
        self.attempter = attempter
        self.gateways = gateways
        self.pools = pools
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
            return waiting.room(
                ahead: ahead.count(at: EventLoop.shared.now), spare: pools.spareSlots, groupSlots: pools.slots
            ) { self.mayGoOn($0) && !self.isShut($0) }
        }
        gateways.onProbe = { [weak self] in self?.startWaiting() }
        pools.onOpen = gateways.onProbe
        pools.onNews = { [weak self] in self?.tellOfPools() }
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
        while (try? await Task.sleep(for: .milliseconds(250))) != nil {
            turns += 1
            pools.look(urgentPart: urgentPart)
            if turns.isMultiple(of: 4) { survey() } else { startWaiting() }
        }
    }

    @PipelineActor
    func counts() async -> [String: Int] {
        [
            "attempts": waiting.active, "waiting": waiting.count,
            "held": waiting.busyLanes.filter(isHeld).reduce(0) { $0 + waiting.count(lane: $1) },
            "outcomes_for_emit": emit.openCount,
            "outcomes_for_retry": retry.openCount, "outcome_bytes": emit.openBytes + retry.openBytes,
            "outcomes_unsettleable": emit.unsettleableCount,
        ]
    }

    @PipelineActor
    func updateMetrics() async {
        var held = HeldCounts()
        for lane in waiting.lanesSeen {
            let queue = gateways.queue(of: lanes.queue(of: lane))
            held.add(waiting.count(lane: lane), of: queue, in: isShut(lane) ? .held : .slot)
            held.add(waiting.active(lane: lane), of: queue, in: .gateway)
        }
        emit.count(in: .outcome, into: &held)
        retry.count(in: .outcome, into: &held)
        counter.show(held)
    }

    @PipelineActor
    func stall() async -> StallReason? {
        if isDraining { return .draining }
        if !emit.hasLivePeer || !retry.hasLivePeer { return .noPeers }
        if waiting.count > 0 { return waiting.busyLanes.allSatisfy(isHeld) ? .gatewayAway : .gatewaySlotsFull }
        return gateways.areAllInTrouble ? .gatewayAway : nil
    }

    @PipelineActor
    func problems() async -> [WiringProblem] { gateways.problems }

    @PipelineActor
    func gatewayStatus() async -> [StatusReport.Gateway] { gateways.status(held: count(queue:)) }

    @PipelineActor
    func poolStatus() async -> [StatusReport.Pool] {
        pools.figures(waiting: waiting.count(group:), isHeld: isPoolHeld).map { pool, figures in
            StatusReport.Pool(
                name: pools.name(of: pool), attempts: figures.active, waiting: waiting.count(group: pool),
                limit: Int(figures.limit), limitedBy: figures.limitedBy.rawValue, text: figures.words)
        }
    }

    @PipelineActor
    func gateStatus() async -> [StatusReport.Gate] { pools.gateStatuses }

    @PipelineActor
    func held(id: ExactText) async -> [HeldRequest] {
        let waiting = waiting.items { ExactText($0.envelope.id) == id }.map { item, lane in
            HeldRequest(
                item.envelope, place: "waits for a slot in dispatch", reason: trouble(of: lane),
                age: EventLoop.shared.now - item.since)
        }
        let attempts = attempter.attempts(id: id).map {
            HeldRequest($0.envelope, place: "at the gateway", reason: "it has not answered yet", age: $0.age)
        }
        return waiting + attempts
    }

    /// Why nothing of a lane has a slot now.
    private func trouble(of lane: Int) -> String {
        let pool = lanes.pool(of: lane)
        return gateways.trouble(of: lanes.queue(of: lane)) ?? pools.words(of: pool, waiting: waiting.count(group: pool))
    }

    /// What waits for a queue at its gateway.
    private func count(queue: Int) -> Int {
        lanes.lanes(ofQueue: queue).reduce(0) { $0 + waiting.count(lane: $1) }
    }

    /// Of what waits for a pool, the part that has less than so many seconds left.
    private func urgentPart(pool: Int, seconds: Double) -> Double {
        let date = WallClock.now().milliseconds
        let count = waiting.count(group: pool)
        return count == 0
            ? 0
            : Double(waiting.count(group: pool) { Double($0.envelope.millisecondsLeft(at: date)) < seconds * 1000 })
                / Double(count)
    }

    private func isHeld(_ lane: Int) -> Bool { gateways.isHeld(lanes.queue(of: lane)) }

    /// Nothing of the lane starts for now, whatever else ends: its gateway is away, or its pool is closed.
    private func isShut(_ lane: Int) -> Bool { isHeld(lane) || pools.isClosed(lanes.pool(of: lane)) }

    private func isPoolHeld(_ pool: Int) -> Bool {
        let busy = waiting.busyLanes.filter { lanes.pool(of: $0) == pool }
        return !busy.isEmpty && busy.allSatisfy(isHeld)
    }

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
        guard case .waiting = envelope.progress else {
            // It was decided before it came here: it needs no attempt.
            return incoming.start(ticket) ? pass(envelope, ticket, lane: lanes.lane(ofDecided: envelope.queue)) : ()
        }
        let queue = gateways.lane(of: envelope)
        let pool = pools.pool(named: envelope.pool, gateway: gateways.name(of: queue), model: envelope.model)
        let lane = lanes.lane(queue: queue, pool: pool, tier: envelope.tier)
        let isShut = isShut(lane)
        if isShut, envelope.millisecondsLeft(at: WallClock.now().milliseconds) <= 0 {
            return endUnattempted(envelope, ticket, lane: lane)
        }
        // No more wait for a gateway that takes nothing than can start at once when it does.
        let isCrowded = isShut ? waiting.count(lane: lane) >= concurrency : waiting.isCrowded(lane)
        guard requests.hasRoom(lane: lane), !isCrowded else { return incoming.handBack(ticket) }
        let share = QueueShares.Share(lane: lane, bytes: envelope.payload.count)
        requests.add(share)
        waiting.append(
            Waiting(envelope: envelope, ticket: ticket, share: share, since: EventLoop.shared.now), lane: lane,
            group: lanes.pool(of: lane), rank: lanes.tier(of: lane))
        startWaiting()
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
        while let (next, lane) = waiting.start(
            groupSlots: pools.slots,
            where: {
                mayGoOn($0) && gateways.mayStart(lanes.queue(of: $0), at: now) && pools.mayStart(lanes.pool(of: $0))
            })
        {
            if let reason = hopelessness(of: next.envelope, lane: lane) {
                endHopeless(next, lane: lane, reason)
            } else {
                begin(next, lane: lane)
            }
        }
        if waiting.noteFull(groupSlots: pools.slots) { pools.tellSoon() }
        if waiting.count > 0 { pools.wakeUp { waiting.count(group: $0) > 0 } }
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
        let (queue, pool) = (lanes.queue(of: lane), lanes.pool(of: lane))
        let attempt = gateways.started(queue, ownToken: attempter.sendsOwnToken, at: EventLoop.shared.now)
        pools.started(pool)
        let onBegin = attempt.isTrial ? { @PipelineActor [weak self] in self?.connected(attempt) ?? () } : nil
        attempter.start(next.envelope, onBegin: onBegin) { [weak self, ticket = next.ticket] envelope, observation in
            guard let self else { return }
            waiting.ended(lane: lane)
            gateways.ended(attempt, observation, envelope)
            pools.ended(pool, observation, envelope)
            if observation.load.figures != nil {
                lanes.answered(lane, in: observation.latency / .seconds(1), at: EventLoop.shared.now / .seconds(1))
                if envelope.pool.isEmpty { pools.answers(gateways.name(of: queue), model: envelope.model) }
            }
            counter.count(observation, queue: envelope.queue)
            // First: the gateway waits for it, and nobody waits for an outcome.
            startWaiting()
            var outcome = gateways.refusesToken(queue) ? envelope.whoseTokenIsRefused : envelope
            outcome.tokens = TokenUsage(observation.load.figures)
            pass(outcome, ticket, lane: lane)
        }
    }

    /// The deadline has passed before there was a slot.
    private func endUnattempted(_ envelope: Envelope, _ ticket: IncomingLink.Ticket, lane: Int) {
        guard incoming.start(ticket) else { return }
        counter.missedDeadline(queue: envelope.queue)
        end(envelope, ticket, lane: lane, trouble(of: lane))
    }

    /// A request that has a slot, and cannot use it any more.
    private func endHopeless(_ next: Waiting, lane: Int, _ reason: String) {
        requests.remove(next.share)
        waiting.ended(lane: lane)
        guard incoming.start(next.ticket) else { return }
        counter.hopeless(queue: next.envelope.queue)
        end(next.envelope, next.ticket, lane: lane, reason)
    }

    private func end(_ envelope: Envelope, _ ticket: IncomingLink.Ticket, lane: Int, _ reason: String) {
        var envelope = envelope
        envelope.progress = .ended(.result(.failure(.deadlineExceeded, message: "deadline exceeded; \(reason)")))
        pass(envelope, ticket, lane: lane)
    }

    /// Why an attempt would only take room from others: no answer has come in the time that is left.
    private func hopelessness(of envelope: Envelope, lane: Int) -> String? {
        let now = EventLoop.shared.now / .seconds(1)
        guard let fastest = lanes.fastestAnswer(of: lane, at: now) else { return nil }
        let left = Double(envelope.millisecondsLeft(at: WallClock.now().milliseconds)) / 1000
        guard (0..<fastest).contains(left) else { return nil }
        func shown(_ seconds: Double) -> String { "\((seconds * 1000).rounded() / 1000) s" }
        return "it was not sent: \(shown(left)) were left, and no answer of late took less than \(shown(fastest))"
    }

    private func connected(_ attempt: Gateways.Attempt) {
        gateways.connected(attempt)
        startWaiting()
    }

    /// How long requests wait for a gateway that takes none before others may have them.
    private static let patience = Duration.seconds(10)

    /// Once a second: what waits ends at its deadline, and what waits for a gateway that takes nothing goes back to ingest:
    /// after a while, but for one request that finds out when it takes some again; at once to an ingest that drains.
    private func survey() {
        let (now, date) = (EventLoop.shared.now, WallClock.now().milliseconds)
        for lane in waiting.busyLanes {
            for item in waiting.remove(lane: lane, where: { $0.envelope.millisecondsLeft(at: date) <= 0 }) {
                requests.remove(item.share)
                endUnattempted(item.envelope, item.ticket, lane: lane)
            }
            guard isShut(lane) else { continue }
            var isFirst = true
            let old = waiting.remove(lane: lane) { item in
                defer { isFirst = false }
                return incoming.isSenderDraining(item.ticket) || (!isFirst && now - item.since >= Self.patience)
            }
            for item in old {
                requests.remove(item.share)
                incoming.handBack(item.ticket)
            }
        }
        attempter.lookAtToken()
        gateways.survey(at: now, date: date)
        waiting.survey(groupSlots: pools.slots) { isHeld($0) || ($1 && pools.isForUnknownModels(lanes.pool(of: $0))) }
        pools.survey(waiting: waiting.count(group:), isHeld: isPoolHeld)
        incoming.tell(gateways.conditions(held: count(queue:)))
        tellOfPools()
        pools.hear(incoming.leastBases)
        startWaiting()
    }

    /// So that ingest leaves what cannot start soon in its queue, and other processes know the bases.
    private func tellOfPools() {
        let (isIgnored, full) = (pools.isForUnknownModels, waiting.full)
        let notes = pools.notes(full: Set(full.map(lanes.pool(of:)))) {
            lanes.heldQueues(named: gateways.queue(of:), where: $0, isFull: full.contains, ignoring: isIgnored)
        }
        incoming.tell(pools: notes)
    }

    /// The request's payload stays behind: the queue has it, and its next attempt will come from there; so do what
    /// else tells where and when it goes.
    private func pass(_ envelope: Envelope, _ ticket: IncomingLink.Ticket, lane: Int) {
        var envelope = envelope
        envelope.payload = []
        (envelope.pool, envelope.tier, envelope.model) = ("", 0, "")
        let link = if case .failed = envelope.progress { retry } else { emit }
        if let share = link.send(envelope, from: .message(ticket), lane: lane) {
            outcomes.add(share)
            shareBodyRoom()
        }
    }

    /// What is read of answers takes of the same room as what is kept of them.
    private func shareBodyRoom() { attempter.setBodyRoom(max(0, maxUnackedBytes - outcomes.byteCount)) }
}
