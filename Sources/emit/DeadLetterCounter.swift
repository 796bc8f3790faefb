import Logging
import Messages
import PipelineMetrics
import Stage

/// Counts and logs the dead letters: emit writes all of them, whoever decided it.
struct DeadLetterCounter {
    private let logger: Logger
    private var counters: MetricsByQueue<Counter>
    /// A producer may publish a thousand messages that are no JSON.
    private var line = RareLine()

    /// - Parameter queues: Those that are known before they have any: an alert on growth needs the 0 before the 1.
    init(registry: MetricsRegistry, queues: [String], logger: Logger) {
        self.logger = logger
        counters = MetricsByQueue { queue in
            registry.counter(
                "async_processor_dead_letters_total", help: "Requests that became dead letters.",
                labels: [("queue", queue)])
        }
        for queue in queues { _ = counters[queue: queue] }
    }

    /// The queue has one more.
    mutating func count(_ envelope: Envelope, reason: String, at now: Duration) {
        counters[queue: envelope.queue].increment()
        line.note()
        guard let due = line.due(at: now) else { return }
        logger.warning(
            "A request became a dead letter",
            metadata: [
                "request.id": "\(envelope.id)", "queue": "\(envelope.queue)", "reason": "\(reason)",
                "count": "\(due.count)",
            ])
    }
}
