import PipelineMetrics
import Primitives
import Queue
import Status
import Synchronization

/// What waits in one queue, as metrics and for `/status`: absent, not zero, while it is not known.
final class BacklogGauge: Sendable {
    private let registry: MetricsRegistry
    private let queue: QueueSettings
    private let last = Mutex(Backlog())

    init(registry: MetricsRegistry, queue: QueueSettings) {
        self.registry = registry
        self.queue = queue
    }

    func show(_ backlog: Backlog) {
        last.withLock { $0 = backlog }
        set(
            "llm_d_async_async_broker_backlog",
            help: "Requests that wait in the queue; where it does not tell them apart, all that have not ended.",
            labels: [("queue_id", queue.id), ("queue_name", queue.name), ("pool_name", "default")],
            backlog.waiting.map(Double.init))
        let labels = [("queue", queue.name)]
        set(
            "async_processor_parked_requests", help: "Requests that wait for a retry.", labels: labels,
            backlog.parked.map(Double.init))
        set(
            "async_processor_parked_next_due_timestamp_seconds",
            help: "When the first request that waits for a retry is due, seconds since 1970.", labels: labels,
            backlog.nextDueMilliseconds.map { Double($0) / 1000 })
    }

    private func set(_ name: String, help: String, labels: [(String, String)], _ value: Double?) {
        guard let value else { return registry.remove(name, labels: labels) }
        registry.gauge(name, help: help, labels: labels).set(value)
    }

    /// `nil` where nothing is known.
    var status: StatusReport.Queue? {
        let backlog = last.withLock { $0 }
        if backlog == Backlog() { return nil }
        return StatusReport.Queue(
            name: queue.name, waiting: backlog.waiting, parked: backlog.parked,
            nextDue: backlog.nextDueMilliseconds.map { WallClock(milliseconds: $0) })
    }
}
