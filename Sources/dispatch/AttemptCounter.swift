import Attempts
import Loop
import Messages
import PipelineMetrics
import Primitives

/// Counts attempts by queue and outcome, and shows what the stage holds.
@PipelineActor
final class AttemptCounter {
    private struct Kind: Hashable {
        let queue: ExactText
        let attemptClass: AttemptOutcome.Class
        let status: Int
    }

    private var metrics: RequestMetricsByQueue
    private let registry: MetricsRegistry
    private var attempts: [Kind: Counter] = [:]
    private var unsent: MetricsByQueue<Counter>
    private var held: HeldMetrics
    /// Queues of which something was held when it was shown last.
    private var shown: Set<String> = []
    /// Queues and statuses are others' choice, more or less.
    private static let maxKinds = 4096

    init(registry: MetricsRegistry) {
        self.registry = registry
        metrics = RequestMetricsByQueue(registry: registry)
        held = HeldMetrics(registry: registry, places: [.slot, .held, .gateway, .outcome])
        unsent = MetricsByQueue {
            registry.counter(
                "async_processor_unsent_total",
                help: "Requests that were not sent, since less time was left than any answer has taken of late.",
                labels: [("queue", $0)])
        }
    }

    /// An attempt is about to start.
    func starts(_ envelope: Envelope) {
        let metrics = metrics[queue: envelope.queue]
        metrics.dispatched.increment()
        guard let milliseconds = envelope.millisecondsSinceLease(at: WallClock.now().milliseconds) else { return }
        metrics.queueResidence.observe(Double(milliseconds))
    }

    /// Shows what waits and what is at the gateway.
    func show(_ counts: HeldCounts) {
        held.show(counts)
        // Those beyond the bound share one.
        var sums: [ObjectIdentifier: (metrics: RequestMetrics, depth: Int, inFlight: Int)] = [:]
        for queue in shown.union(counts.counts.keys) {
            let metrics = metrics[queue: queue]
            var sum = sums[ObjectIdentifier(metrics)] ?? (metrics, 0, 0)
            sum.depth += counts.count(of: queue, in: .slot, .held)
            sum.inFlight += counts.count(of: queue, in: .gateway)
            sums[ObjectIdentifier(metrics)] = sum
        }
        for sum in sums.values {
            sum.metrics.depth.set(sum.depth)
            sum.metrics.inFlight.set(sum.inFlight)
        }
        shown = Set(counts.counts.keys)
    }

    /// An attempt is over.
    func count(_ attempt: Attempter.Observation, queue: String) {
        attempts(of: attempt, queue: queue).increment()
        let metrics = metrics[queue: queue]
        switch attempt.attemptClass {
        case .succeeded:
            metrics.successful.increment()
            if let tokens = attempt.load.figures?.promptTokens { metrics.inputTokens.increment(by: tokens) }
            if let tokens = attempt.load.figures?.completionTokens { metrics.outputTokens.increment(by: tokens) }
        case .refused, .impossible: metrics.failed.increment()
        case .shed: metrics.shedded.increment()
        case .failed, .unanswered, .unauthorised: break
        case .deadlineExceeded: return metrics.exceededDeadline.increment()
        }
        metrics.inferenceLatency.observe(attempt.latency / .milliseconds(1))
    }

    /// A deadline has passed before an attempt could be made.
    func missedDeadline(queue: String) { metrics[queue: queue].exceededDeadline.increment() }

    /// A request was not sent because it could not be answered in time any more.
    func hopeless(queue: String) {
        missedDeadline(queue: queue)
        unsent[queue: queue].increment()
    }

    private func attempts(of attempt: Attempter.Observation, queue: String) -> Counter {
        var status = 0
        if case .answered(let code) = attempt.finding { status = code }
        let kind = Kind(queue: ExactText(queue), attemptClass: attempt.attemptClass, status: status)
        if let counter = attempts[kind] { return counter }
        let isKnown = attempts.count < Self.maxKinds
        let counter = registry.counter(
            "async_processor_attempts_total", help: "Attempts by what came of them; status is empty without an answer.",
            labels: [
                ("queue", isKnown ? queue : "other"), ("class", attempt.attemptClass.rawValue),
                ("status", isKnown ? (status == 0 ? "" : "\(status)") : "other"),
            ])
        if isKnown { attempts[kind] = counter }
        return counter
    }
}
