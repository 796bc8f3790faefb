import Loop
import Messages
import Metrics
import RetryPolicy
import Stage

/// Decides what follows each failed attempt, and sends the decision to emit. Keeps nothing.
@PipelineActor
final class Retrier {
    private let incoming: IncomingLink
    private let emit: OutgoingLink
    private let policy: RetryPolicy
    private let metrics: RequestMetricsByQueue

    init(incoming: IncomingLink, emit: OutgoingLink, policy: RetryPolicy, metrics: RequestMetricsByQueue) {
        self.incoming = incoming
        self.emit = emit
        self.policy = policy
        self.metrics = metrics
        incoming.onMessage = { [unowned self] in decide($0, $1) }
        emit.onDone = { incoming.finish($0) }
    }

    private func decide(_ envelope: Envelope, _ token: UInt64) {
        incoming.started(token)
        let decided = policy.decided(
            envelope, now: WallClock.now().milliseconds, random: Double.random(in: 0..<1))
        count(decided)
        emit.send(decided, token: token)
    }

    private func count(_ envelope: Envelope) {
        let metrics = metrics[envelope.queue]
        switch envelope.progress {
        case .ended(.parked): metrics.retries.increment()
        case .ended(.result): metrics.exceededDeadline.increment()
        default: break
        }
    }
}
