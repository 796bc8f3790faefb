import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue
import RetryPolicy
import Stage

/// Decides what follows each failed attempt, and sends the decision to emit.
///
/// Keeps nothing. What emit does not take uses up the share of its queue; what comes for that queue then is handed back,
/// and the others go on.
@PipelineActor
final class Retrier: StageWork {
    private let incoming: IncomingLink
    private let emit: OutgoingLink
    private let policy: RetryPolicy
    private var metrics: RequestMetricsByQueue
    private var held: HeldMetrics
    /// `nil` where nobody records any.
    private let spans: BackOffSpans?
    private let logger: Logger
    private var excess = ExcessLog()
    private var isDraining = false
    private var lanes = QueueNumbers()
    private var shares: QueueShares

    /// Decisions that may wait for emit; more are taken as soon as some are done.
    ///
    /// One queue's share is more than an emit keeps of one that is stuck: that does not come to fill it unnoticed.
    private static let maxOpen = 4096

    init(
        incoming: IncomingLink, emit: OutgoingLink, policy: RetryPolicy,
        maxUnackedBytes: Int, metrics: RequestMetricsByQueue, held: HeldMetrics, spans: BackOffSpans?,
        logger: Logger
    ) {
        self.incoming = incoming
        self.emit = emit
        self.policy = policy
        self.metrics = metrics
        self.held = held
        self.spans = spans
        shares = QueueShares(count: Self.maxOpen, bytes: maxUnackedBytes)
        self.logger = logger
        incoming.onMessage = { [weak self] in self?.decide($0, $1) }
        incoming.wantedRoom = { [weak self] in
            guard let self, shares.hasRoomForSome else { return 0 }
            return Self.maxOpen - shares.count
        }
        emit.onShareEnd = { [weak self] in self?.shares.remove($0) }
        emit.onDone = { [weak incoming] in incoming?.finish($0) }
        emit.mayBeRepeated = { [weak incoming] in incoming?.mayBeElsewhere($0) == true }
    }

    private var canLeave: Bool { emit.isIdle && incoming.canLeave }

    // What a stage does beside: all work happens when messages arrive. Each says that it is the pipeline thread's: the
    // requirements are no actor's, and so would these be (SE-0461).

    @PipelineActor
    func counts() async -> [String: Int] {
        ["open": incoming.unfinishedCount, "unsettleable": emit.unsettleableCount]
    }

    @PipelineActor
    func stall() async -> StallReason? {
        if isDraining { return .draining }
        return emit.hasLivePeer ? nil : .noPeers
    }

    @PipelineActor
    func updateMetrics() async {
        var counts = HeldCounts()
        emit.count(in: .outcome, into: &counts)
        held.show(counts)
    }

    @PipelineActor
    func drain() async {
        isDraining = true
        incoming.beginDrain()
        emit.beginDrain()
        while !canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    private func decide(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        let lane = lanes[envelope.queue]
        guard shares.hasRoom(lane: lane) else { return incoming.handBack(ticket) }
        guard incoming.start(ticket) else { return }
        noteExcess(envelope)
        let decided =
            policy.settle(envelope, now: WallClock.now().milliseconds) { Double.random(in: 0..<1) } ?? envelope
        count(decided)
        spans?.record(decided)
        if let share = emit.send(decided, from: .message(ticket), lane: lane) { shares.add(share) }
    }

    private func noteExcess(_ envelope: Envelope) {
        guard case .failed(let attempt) = envelope.progress, let seconds = policy.excessiveRetryAfter(of: attempt),
            let earlier = excess.note(queue: envelope.queue, now: EventLoop.shared.now)
        else { return }
        logger.warning(
            "A gateway asks for a longer pause than it is given: set --retry-after-max if it means it",
            metadata: [
                "queue": "\(envelope.queue)", "url": "\(redacted(envelope.url))", "retry_after": "\(Int64(seconds)) s",
                "retry_after_max": "\(policy.maxRetryAfter) s", "more_since_last_line": "\(earlier)",
                "request.id": "\(envelope.id)",
            ])
    }

    private func count(_ envelope: Envelope) {
        switch envelope.progress {
        case .ended(.parked): metrics[queue: envelope.queue].retries.increment()
        case .ended(.result): metrics[queue: envelope.queue].exceededDeadline.increment()
        default: break
        }
    }
}
