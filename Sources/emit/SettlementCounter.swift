import Messages
import PipelineMetrics
import Queue

/// Counts how leases end, and the settlements that the queue has not taken.
///
/// Each lease that ingest counts ends in exactly one of these, or is still held.
struct SettlementCounter {
    /// Why a queue has not taken a settlement: the label `reason`.
    enum Refusal: String, CaseIterable {
        /// The request had its record already.
        case stale
        /// Its lease is in another store than this process settles in.
        case otherStore = "other_store"
        /// What it says cannot be written, as when the result list is no list.
        case refused
        case tooLarge = "too_large"
        /// The queue cannot take it now.
        case delayed
    }

    /// By the label's value.
    private struct Counters {
        let ends: [String: Counter]
        let refusals: [Refusal: Counter]
    }

    private var counters: MetricsByQueue<Counters>

    /// - Parameter queues: those that are shown before anything has ended: an alert on growth needs the 0 before the 1.
    init(registry: MetricsRegistry, queues: [String]) {
        counters = MetricsByQueue { queue in
            let ends = Self.ends.map { end in
                let counter = registry.counter(
                    "async_processor_settlements_total", help: "Leases by how they have ended.",
                    labels: [("queue", queue), ("end", end)])
                return (end, counter)
            }
            let refusals = Refusal.allCases.map { reason in
                let counter = registry.counter(
                    "async_processor_settlement_refusals_total",
                    help: "Settlements that the queue has not taken, each time.",
                    labels: [("queue", queue), ("reason", reason.rawValue)])
                return (reason, counter)
            }
            return Counters(
                ends: Dictionary(uniqueKeysWithValues: ends), refusals: Dictionary(uniqueKeysWithValues: refusals))
        }
        for queue in queues { _ = counters[queue: queue] }
    }

    /// The queue has taken how a lease ends.
    mutating func settled(_ envelope: Envelope) {
        guard case .ended(let ending) = envelope.progress else { return }
        counters[queue: envelope.queue].ends[ending.label]?.increment()
    }

    /// The queue has not taken it, this time.
    mutating func refused(_ envelope: Envelope, _ reason: Refusal) {
        counters[queue: envelope.queue].refusals[reason]?.increment()
    }

    /// Every value of the label `end`.
    private static let ends =
        ["answer", "parked", "released"] + ErrorCode.allCases.map { $0.rawValue.lowercased() }
}

extension Ending {
    /// The value of the label `end`.
    fileprivate var label: String {
        switch self {
        case .result(.answer): "answer"
        case .result(.failure(let code, _)): code.rawValue.lowercased()
        case .parked: "parked"
        case .released: "released"
        case .deadLetter: ErrorCode.deadLetter.rawValue.lowercased()
        }
    }
}
