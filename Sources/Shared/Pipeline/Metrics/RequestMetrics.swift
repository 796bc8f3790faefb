/// What is counted about the requests of one queue.
///
/// Each stage increments what happens in it: ingest `requests`, `failed` and `exceededDeadline` of what it rejects,
/// dispatch `dispatched`, `successful`, `shedded` and `inferenceLatency`, retry `retries`, `failed` and `exceededDeadline`. A stage
/// that never increments one exposes it as 0, so dashboards sum over all stages. Names, labels and buckets are those
/// of llm-d-async, so that its dashboards carry over.
package final class RequestMetrics: Sendable {
    /// Requests taken from the queue whose count of failed attempts was 0.
    package let requests: Counter
    /// Attempts that have begun, the first of each request and the others.
    package let dispatched: Counter
    /// Attempts that failed and are to be tried again.
    package let retries: Counter
    /// Attempts that ended with an answer for the producer.
    package let successful: Counter
    /// Requests that ended with an error result other than an exceeded deadline.
    package let failed: Counter
    /// Requests whose deadline passed before an answer came.
    package let exceededDeadline: Counter
    /// Attempts that the gateway answered with 429.
    package let shedded: Counter
    /// Tokens of prompts and of answers, as far as answers have counted them.
    package let inputTokens, outputTokens: Counter
    /// Requests that wait in a stage: in ingest for room, in dispatch for a slot.
    package let depth: Gauge
    /// Requests at the gateway.
    package let inFlight: Gauge
    /// Milliseconds of every attempt, whatever its outcome.
    package let inferenceLatency: Histogram
    /// Milliseconds from the lease of a request to its attempt.
    package let queueResidence: Histogram

    package init(registry: MetricsRegistry, queueID: String, queueName: String, poolName: String = "default") {
        let labels = [("queue_id", queueID), ("queue_name", queueName), ("pool_name", poolName)]
        func counter(_ name: String, _ help: String, _ more: [(String, String)] = []) -> Counter {
            registry.counter("llm_d_async_async_\(name)_total", help: help, labels: labels + more)
        }
        requests = counter("request", "Requests taken for the first time.")
        dispatched = counter("dispatched_requests", "Attempts that have begun.")
        retries = counter("request_retries", "Failed attempts that are tried again.")
        successful = counter("successful_requests", "Requests that the gateway answered.")
        failed = counter("failed_requests", "Requests that ended with an error.")
        exceededDeadline = counter("exceeded_deadline_requests", "Requests whose deadline passed without an answer.")
        shedded = counter("shedded_requests", "Attempts that the gateway answered with 429.")
        let tokens = "Tokens that answers have counted."
        inputTokens = counter("tokens", tokens, [("direction", "input")])
        outputTokens = counter("tokens", tokens, [("direction", "output")])
        depth = registry.gauge(
            "llm_d_async_async_queue_depth", help: "Requests that wait in a stage to be sent.", labels: labels)
        inFlight = registry.gauge(
            "llm_d_async_async_inflight_requests", help: "Requests at the gateway.", labels: labels)
        inferenceLatency = registry.histogram(
            "llm_d_async_async_inference_latency_time_millis", help: "Milliseconds of each attempt at the gateway.",
            labels: labels, limits: Self.inferenceLatencyLimits)
        queueResidence = registry.histogram(
            "llm_d_async_async_queue_residence_time_millis",
            help: "Milliseconds from taking a request off its queue to its attempt.",
            labels: labels, limits: Self.queueResidenceLimits)
    }

    /// Milliseconds.
    package static let inferenceLatencyLimits: [Double] = [
        10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000,
    ]
    /// Milliseconds.
    package static let queueResidenceLimits: [Double] = [
        500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000,
        21_600_000, 43_200_000, 86_400_000,
    ]
}

/// The metrics of each queue that a stage meets in its envelopes.
package typealias RequestMetricsByQueue = MetricsByQueue<RequestMetrics>

extension MetricsByQueue<RequestMetrics> {
    package init(registry: MetricsRegistry, capacity: Int = 1_000) {
        self.init(capacity: capacity) { RequestMetrics(registry: registry, queueID: $0, queueName: $0) }
    }
}
