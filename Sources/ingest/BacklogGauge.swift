import Forecasts
import PipelineMetrics
import Primitives
import Queue
import Status
import Synchronization

/// What waits in one queue and what becomes of it, as metrics and for `/status`: absent, not zero, while it is not known.
final class BacklogGauge: Sendable {
    private let registry: MetricsRegistry
    private let queue: QueueSettings
    private let last = Mutex(Backlog())
    /// Of llm-d-async.
    private let labels: [(String, String)]
    private let ownLabels: [(String, String)]

    private static let proximity = "llm_d_async_async_deadline_proximity_millis"

    init(registry: MetricsRegistry, queue: QueueSettings) {
        self.registry = registry
        self.queue = queue
        labels = [("queue_id", queue.id), ("queue_name", queue.name), ("pool_name", "default")]
        ownLabels = [("queue", queue.name)]
    }

    func show(_ backlog: Backlog, _ forecast: Forecast) {
        last.withLock { $0 = backlog }
        showBacklog(backlog)
        showParked(backlog)
        showDeadlines(backlog.deadlines)
        set(
            "async_processor_requests_at_risk",
            help: "Requests that wait and will miss their deadlines if it goes on like this.", ownLabels,
            forecast.atRisk.map(Double.init))
        set(
            "async_processor_slots_required",
            help: "Requests at once at the gateway with which all would be made in time.", ownLabels,
            forecast.slotsRequired.map(Double.init))
        set(
            "async_processor_completions_per_second", help: "Requests of a queue that end per second.", ownLabels,
            forecast.perSecond)
        set(
            "async_processor_eta_seconds", help: "Time until all that is there now has ended.", ownLabels,
            forecast.eta)
    }

    private func showBacklog(_ backlog: Backlog) {
        set(
            "llm_d_async_async_broker_backlog",
            help: "Requests that wait in the queue; where it does not tell them apart, all that have not ended.",
            labels, backlog.waiting.map(Double.init))
        set(
            "llm_d_async_async_broker_backlog_source_available",
            help: "Whether it is known what waits in the queue; absent where no server tells.", labels,
            backlog.isUntold ? nil : backlog.waiting == nil ? 0 : 1)
        let waiting = backlog.includesLeased ? nil : backlog.waiting.map { $0 + backlog.behind }
        showHeld(.queue, waiting)
    }

    private func showParked(_ backlog: Backlog) {
        set(
            "async_processor_parked_requests", help: "Requests that wait for a retry.", ownLabels,
            backlog.parked.map(Double.init))
        showHeld(.parked, backlog.parked)
        set(
            "async_processor_parked_next_due_timestamp_seconds",
            help: "When the first request that waits for a retry is due, seconds since 1970.", ownLabels,
            backlog.nextDueMilliseconds.map { Double($0) / 1000 })
    }

    private func showDeadlines(_ deadlines: DeadlineCounts?) {
        guard let deadlines else { return registry.remove(Self.proximity, labels: labels) }
        registry.snapshotHistogram(
            Self.proximity,
            help: "Milliseconds from now to the deadlines of requests that wait; counted anew each time.",
            labels: labels, limits: DeadlineLadder.limits
        ).set(DeadlineLadder.limits.map { deadlines.count(within: $0 / 1000) }, total: deadlines.total)
    }

    private func showHeld(_ place: HeldPlace, _ count: Int?) {
        set(
            HeldMetrics.name, help: HeldMetrics.help, ownLabels + [("place", place.rawValue)], count.map(Double.init))
    }

    private func set(_ name: String, help: String, _ labels: [(String, String)], _ value: Double?) {
        guard let value else { return registry.remove(name, labels: labels) }
        registry.gauge(name, help: help, labels: labels).set(value)
    }

    /// Requests wait that may be leased, as far as is known.
    var isWaiting: Bool { last.withLock { !$0.includesLeased && ($0.waiting ?? 0) > 0 } }

    /// `nil` where nothing is known.
    var status: StatusReport.Queue? {
        let backlog = last.withLock { $0 }
        if backlog.waiting == nil, backlog.parked == nil { return nil }
        return StatusReport.Queue(
            name: queue.name, waiting: backlog.waiting, parked: backlog.parked,
            nextDue: backlog.nextDueMilliseconds.map { WallClock(milliseconds: $0) })
    }
}
