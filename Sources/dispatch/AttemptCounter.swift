import Attempts
import Loop
import Messages
import PipelineMetrics
import Primitives

/// Counts attempts by queue and outcome.
@PipelineActor
final class AttemptCounter {
    private var metrics: RequestMetricsByQueue

    init(metrics: RequestMetricsByQueue) { self.metrics = metrics }

    /// An attempt is about to start.
    func starts(_ envelope: Envelope) {
        guard let milliseconds = envelope.millisecondsSinceLease(at: WallClock.now().milliseconds) else { return }
        metrics[queue: envelope.queue].queueResidence.observe(Double(milliseconds))
    }

    /// An attempt is over.
    func count(_ attempt: Attempter.Observation) {
        let metrics = metrics[queue: attempt.queue]
        switch attempt.attemptClass {
        case .succeeded: metrics.successful.increment()
        case .refused, .impossible: metrics.failed.increment()
        case .shed: metrics.shedded.increment()
        case .failed, .unanswered: break
        case .deadlineExceeded: return metrics.exceededDeadline.increment()
        }
        metrics.inferenceLatency.observe(attempt.latency / .milliseconds(1))
    }
}
