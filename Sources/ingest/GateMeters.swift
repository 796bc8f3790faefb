import GateRules
import PipelineMetrics
import Queue

/// What is counted and shown of the gates of one queue, beside their own gauges.
struct GateMeters {
    private let decisions: [GateDecision.Reason: Counter]
    private let requeues: Counter
    private let budget: Gauge
    private let queue: String

    /// - Returns: `nil` for a queue without a gate.
    init?(_ queue: QueueSettings, registry: MetricsRegistry) {
        if queue.gate == .constant { return nil }
        self.queue = queue.name
        let labels = [("queue_id", queue.id), ("queue_name", queue.name), ("pool_name", "default")]
        decisions = Dictionary(
            uniqueKeysWithValues: GateDecision.Reason.allCases.map { reason in
                let counter = registry.counter(
                    "llm_d_async_async_gate_decisions_total", help: "Requests that a gate did not let go.",
                    labels: labels + [("reason", reason.rawValue)])
                return (reason, counter)
            })
        requeues = registry.counter(
            "llm_d_async_async_gate_wait_requeues_total", help: "Requests that a gate has put back for a while.",
            labels: labels)
        budget = registry.gauge(
            "llm_d_async_async_dispatch_budget", help: "What part of the places gates let a queue have, 0 to 1.",
            labels: labels)
    }

    func count(_ decision: GateDecision) {
        if let reason = decision.reason { decisions[reason]?.increment() }
        switch decision.verdict {
        case .refuse, .wait: requeues.increment()
        case .go, .drop: break
        }
    }

    /// Of several gates the one that lets least through.
    func show(_ statuses: [GateStatus]) {
        budget.set(statuses.filter { $0.owner == .queue(queue) }.map(\.part).min() ?? 1)
    }
}

extension GateStatus {
    /// What part of the places it lets requests have; all of them where it does not go by that.
    fileprivate var part: Double {
        switch condition {
        case .waiting, .closed, .shut: 0
        case .open, .inert: budget.flatMap { $0 > 0 ? min($0, 1) : nil } ?? 1
        }
    }
}
