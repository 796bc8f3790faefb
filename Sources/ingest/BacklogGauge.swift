import PipelineMetrics
import Queue

/// How many requests wait in one queue, for scaling on it: absent, not zero, while the number is unknown.
struct BacklogGauge: Sendable {
    private let registry: MetricsRegistry
    private let queueID: String
    private let queueName: String

    init(registry: MetricsRegistry, queue: QueueSettings) {
        self.registry = registry
        queueID = queue.id
        queueName = queue.name
    }

    private static let name = "llm_d_async_async_broker_backlog"

    func show(_ count: Int?) {
        let labels = [("queue_id", queueID), ("queue_name", queueName), ("pool_name", "default")]
        guard let count else { return registry.remove(Self.name, labels: labels) }
        registry.gauge(Self.name, help: "Requests that wait in the queue or are being worked on.", labels: labels)
            .set(count)
    }
}
