import Loop
import Messages
import PipelineMetrics
import RetryPolicy
import Stage

/// Decides what follows each failed attempt, and sends the decision to emit.
///
/// Keeps nothing.
@PipelineActor
final class Retrier {
    private let incoming: IncomingLink
    private let emit: OutgoingLink
    private let policy: RetryPolicy
    private var metrics: RequestMetricsByQueue
    private var isDraining = false

    /// Decisions that may wait for emit; more are taken as soon as some are done.
    private static let mostOpen = 1024

    init(
        incoming: IncomingLink, emit: OutgoingLink, policy: RetryPolicy,
        maxUnackedBytes: Int, metrics: RequestMetricsByQueue
    ) {
        self.incoming = incoming
        self.emit = emit
        self.policy = policy
        self.metrics = metrics
        incoming.onMessage = { [weak self] in self?.decide($0, $1) }
        incoming.wantedRoom = { [weak emit] in
            guard let emit, emit.openBytes <= maxUnackedBytes else { return 0 }
            return Self.mostOpen - emit.openCount
        }
        emit.onDone = { [weak incoming] in incoming?.finish($0) }
        emit.mayBeRepeated = { [weak incoming] in incoming?.mayBeElsewhere($0) == true }
    }

    var canLeave: Bool { emit.isIdle && incoming.canLeave }
    var counts: [String: Int] { ["open": incoming.unfinishedCount, "unsettleable": emit.unsettleableCount] }
    var stall: StallReason? {
        if isDraining { return .draining }
        return emit.hasLivePeer ? nil : .noPeers
    }

    func beginDrain() {
        isDraining = true
        incoming.beginDrain()
        emit.beginDrain()
    }

    private func decide(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        guard incoming.start(ticket) else { return }
        let decided =
            policy.settle(envelope, now: WallClock.now().milliseconds) { Double.random(in: 0..<1) } ?? envelope
        count(decided)
        emit.send(decided, from: .message(ticket))
    }

    private func count(_ envelope: Envelope) {
        switch envelope.progress {
        case .ended(.parked): metrics[queue: envelope.queue].retries.increment()
        case .ended(.result): metrics[queue: envelope.queue].exceededDeadline.increment()
        default: break
        }
    }
}
