import Messages
import PipelineMetrics
import Primitives

/// Measures the time from the publication of a request to its result, of queues that tell when it was published.
struct LatencyMeter {
    private var histograms: MetricsByQueue<Histogram>

    init(registry: MetricsRegistry) {
        histograms = MetricsByQueue { queue in
            registry.histogram(
                "llm_d_async_async_message_latency_time_millis",
                help: "Milliseconds from the publication of a request to its result.",
                labels: [("queue_id", queue), ("queue_name", queue), ("pool_name", "default")],
                limits: [100, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000])
        }
    }

    /// The queue has taken how a request ends.
    mutating func count(_ envelope: Envelope) {
        guard envelope.publishedAt > 0, case .ended(.result) = envelope.progress else { return }
        let milliseconds = max(0, WallClock.now().milliseconds - envelope.publishedAt)
        histograms[queue: envelope.queue].observe(Double(milliseconds))
    }
}
