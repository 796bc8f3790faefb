import Logging
import Messages
import PipelineMetrics
import Stage

/// Counts and logs the dead letters: emit writes all of them, whoever decided it.
struct DeadLetterCounter {
    private let registry: MetricsRegistry
    private let logger: Logger
    private var counters: [String: Counter] = [:]
    /// A producer may publish a thousand messages that are no JSON.
    private var line = RareLine()

    /// Queues beyond these, which only a stranger on the port can name, are counted together.
    private static let capacity = 1_000

    /// - Parameter queues: Those that are known before they have any: an alert on growth needs the 0 before the 1.
    init(registry: MetricsRegistry, queues: [String], logger: Logger) {
        self.registry = registry
        self.logger = logger
        for queue in queues { _ = counter(queue) }
    }

    /// The queue has one more.
    mutating func count(_ envelope: Envelope, reason: String, at now: Duration) {
        counter(envelope.queue).increment()
        line.note()
        guard let due = line.due(at: now) else { return }
        logger.warning(
            "A request became a dead letter",
            metadata: [
                "request.id": "\(envelope.id)", "queue": "\(envelope.queue)", "reason": "\(reason)",
                "count": "\(due.count)",
            ])
    }

    private mutating func counter(_ queue: String) -> Counter {
        if let counter = counters[queue] { return counter }
        let isKept = counters.count < Self.capacity
        let counter = registry.counter(
            "async_processor_dead_letters_total", help: "Requests that became dead letters.",
            labels: [("queue", isKept ? queue : "other")])
        if isKept { counters[queue] = counter }
        return counter
    }
}
