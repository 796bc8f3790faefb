import GateRules
import PipelineMetrics

/// Tokens charged to quotas as metrics: for each queue and attribute by value, as far as there are few of them.
///
/// Values come from messages, so that their number has to be bounded: those after the first 64 are counted as `other`.
struct TokenCounters {
    private struct Label: Hashable {
        let queue: String
        let attribute: String
    }
    /// Why tokens were not charged.
    enum Loss: String, CaseIterable {
        /// Redis was away, and there was no room to keep more of them, or no time when emit ended.
        case away
        /// Redis refused them.
        case refused
        /// Emit's settings do not have the quota.
        case unknown
    }

    private let registry: MetricsRegistry
    private var counters: [Label: [String: Counter]] = [:]
    private static let mostValues = 64

    init(_ registry: MetricsRegistry) { self.registry = registry }

    /// Shows what is lost at 0: an alert on growth needs the 0 before the first.
    func showLosses() { for loss in Loss.allCases { lost(0, loss) } }

    func lost(_ tokens: Int, _ loss: Loss) {
        registry.counter(
            "async_processor_quota_uncharged_tokens_total", help: "Tokens that should have been charged to quotas.",
            labels: [("reason", loss.rawValue)]
        ).increment(by: tokens)
    }

    /// An answer that counts no tokens, or as many as nobody believes.
    func unmeasured(_ answers: Int = 1, queue: String) {
        registry.counter(
            "async_processor_quota_unmeasured_answers_total",
            help: "Answers that say nothing of tokens, and cost quotas in tokens nothing.", labels: [("queue", queue)]
        ).increment(by: answers)
    }

    mutating func count(_ tokens: Int, queue: String, _ bucket: TokenQuotas.Bucket) {
        let label = Label(queue: queue, attribute: bucket.quota.attribute)
        let value = name(of: bucket.value, label)
        if let counter = counters[label]?[value] { return counter.increment(by: tokens) }
        let counter = registry.counter(
            "async_processor_quota_tokens_total", help: "Tokens of answers by the value that quotas charge them to.",
            labels: [("queue", queue), ("attribute", label.attribute), ("value", value)])
        counters[label, default: [:]][value] = counter
        counter.increment(by: tokens)
    }

    private func name(of value: String, _ label: Label) -> String {
        guard let known = counters[label], known[value] == nil else { return value }
        return known.count < Self.mostValues ? value : "other"
    }
}
