import Attempts
import Loop
import Messages
import PipelineMetrics
import Stage

/// Makes an attempt for each request that arrives, as many at once as there are slots, and sends what came of it to
/// emit or, if it may be worth repeating, to retry.
///
/// A message is finished when the stage that got its outcome has said so. Until then the outcome is kept, and sent to
/// another emit or retry if one dies: what the gateway has answered is never asked again.
@PipelineActor
final class Dispatcher {
    typealias Link = OutgoingLink

    private let incoming: IncomingLink
    private let emit: Link
    private let retry: Link
    private let attempter: Attempter
    private let counter: AttemptCounter
    private var waiting: StartQueue<(envelope: Envelope, ticket: IncomingLink.Ticket)>
    private var ahead: StartsAhead
    private var isDraining = false

    init(
        incoming: IncomingLink, emit: Link, retry: Link, attempter: Attempter, concurrency: Int, maxUnackedBytes: Int,
        counter: AttemptCounter
    ) {
        self.incoming = incoming
        self.emit = emit
        self.retry = retry
        self.attempter = attempter
        self.counter = counter
        waiting = StartQueue(slots: concurrency)
        ahead = StartsAhead(concurrency: concurrency)
        incoming.onMessage = { [weak self] in self?.arrived($0, $1) }
        incoming.wantedRoom = { [weak self] in
            guard let self, emit.openBytes + retry.openBytes <= maxUnackedBytes else { return 0 }
            return waiting.room(ahead: ahead.count(at: EventLoop.shared.now))
        }
        emit.onDone = { [weak incoming] in incoming?.finish($0) }
        retry.onDone = { [weak incoming] in incoming?.finish($0) }
        emit.mayBeRepeated = { [weak incoming] in incoming?.mayBeElsewhere($0) == true }
        retry.mayBeRepeated = emit.mayBeRepeated
    }

    var isIdle: Bool { waiting.active == 0 && waiting.count == 0 && emit.isIdle && retry.isIdle }
    var canLeave: Bool { isIdle && incoming.canLeave }

    var counts: [String: Int] {
        [
            "attempts": waiting.active, "waiting": waiting.count, "outcomes_for_emit": emit.openCount,
            "outcomes_for_retry": retry.openCount, "outcome_bytes": emit.openBytes + retry.openBytes,
            "outcomes_unsettleable": emit.unsettleableCount,
        ]
    }

    var stall: StallReason? {
        if isDraining { return .draining }
        if !emit.hasLivePeer || !retry.hasLivePeer { return .noPeers }
        return waiting.count > 0 ? .gatewaySlotsFull : nil
    }

    /// Gives back what has not been started, and finishes the rest.
    func beginDrain() {
        isDraining = true
        incoming.beginDrain()
        waiting.removeAll()
        emit.beginDrain()
        retry.beginDrain()
    }

    /// Breaks off what is under way; it stays open with its senders, which offer it to others.
    ///
    /// - Returns: how many attempts that were.
    func abort() -> Int { attempter.abortAll() }

    private func arrived(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        if case .waiting = envelope.progress {
            waiting.append((envelope, ticket), queue: envelope.queue)
            startWaiting()
        } else if incoming.start(ticket) {
            // It was decided before it came here: it needs no attempt.
            pass(envelope, ticket)
        }
    }

    private func startWaiting() {
        while let (next, lane) = waiting.start() {
            guard incoming.start(next.ticket) else {
                waiting.ended(lane: lane)
                continue
            }
            #if FAULT_HOOKS
                FaultHook.crash(for: next.envelope)
            #endif
            ahead.started(at: EventLoop.shared.now)
            counter.starts(next.envelope)
            attempter.start(next.envelope) { [weak self, ticket = next.ticket] envelope in
                guard let self else { return }
                waiting.ended(lane: lane)
                // First: the gateway waits for it, and nobody waits for an outcome.
                startWaiting()
                pass(envelope, ticket)
            }
        }
    }

    /// The request's payload stays behind: the queue has it, and its next attempt will come from there.
    private func pass(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        var envelope = envelope
        envelope.payload = []
        if case .failed = envelope.progress {
            retry.send(envelope, from: .message(ticket))
        } else {
            emit.send(envelope, from: .message(ticket))
        }
    }
}
