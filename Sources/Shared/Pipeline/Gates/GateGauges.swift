package import GateRules
package import PipelineMetrics

/// Shows gates as metrics: their condition, and what llm-d-async shows, under its names.
package struct GateGauges: Sendable {
    private let registry: MetricsRegistry

    package init(_ registry: MetricsRegistry) { self.registry = registry }

    /// To be called when a gate may have changed, once for all.
    package func show(_ statuses: [GateStatus]) {
        for status in statuses {
            showCondition(status)
            if status.threshold != nil { showMetric(status) }
            if status.type == "redis-leased-rate" { showLease(status) }
        }
    }

    private func showCondition(_ status: GateStatus) {
        for condition in GateCondition.allCases {
            let labels = names(status) + [("gate", status.type), ("place", status.place)]
            registry.gauge(
                "async_processor_gate_condition",
                help: "1 for the condition a gate is in: inert and shut are those that lack their metric.",
                labels: labels + [("condition", condition.rawValue)]
            ).set(status.condition == condition ? 1 : 0)
        }
    }

    /// Where one pool has several gates with a metric, each has its place as a label.
    private func showMetric(_ status: GateStatus) {
        var labels = names(status) + [("inference_pool", status.inferencePool)]
        if !status.place.isEmpty { labels.append(("place", status.place)) }
        let prefix = "llm_d_async_async_gate_metric"
        registry.gauge("\(prefix)_value", help: "The number that a gate read last.", labels: labels)
            .set(status.value ?? 0)
        registry.gauge("\(prefix)_threshold", help: "The number at which a gate lets nothing start.", labels: labels)
            .set(status.threshold ?? 0)
        registry.gauge("\(prefix)_source_available", help: "1 while a gate has its metric.", labels: labels)
            .set(status.condition == .open || status.condition == .closed ? 1 : 0)
    }

    private func showLease(_ status: GateStatus) {
        let labels = [("pool_name", status.inferencePool)]
        let isValid = status.condition == .open || status.condition == .closed
        let prefix = "llm_d_async_async_drain_limit"
        registry.gauge("\(prefix)_rps", help: "Starts per second that the lease of a pool allows.", labels: labels)
            .set(isValid ? status.value ?? 0 : 0)
        registry.gauge("\(prefix)_lease_valid", help: "1 while a pool has a lease that holds.", labels: labels)
            .set(isValid ? 1 : 0)
        registry.gauge(
            "\(prefix)_valid_until_seconds", help: "When the lease of a pool ends, Unix seconds.", labels: labels
        ).set(Double(status.leaseEnd ?? 0) / 1000)
    }

    private func names(_ status: GateStatus) -> [(String, String)] {
        switch status.owner {
        case .pool(let name): [("queue_id", ""), ("queue_name", ""), ("pool_name", name)]
        case .queue(let name): [("queue_id", name), ("queue_name", name), ("pool_name", "")]
        }
    }
}
