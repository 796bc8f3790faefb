import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Tap
import ZeroMQ

extension Benchmark {
    /// What is done at several places of a request's way.
    static let everywhere: [Benchmark] = [
        Benchmark("metrics.increment", "a counter up by one", count: 1_000_000) {
            RequestMetrics(registry: MetricsRegistry(), queueID: "reviews", queueName: "request-sortedset")
        } body: { metrics in
            metrics.successful.increment()
        },
        Benchmark("metrics.observe", "an attempt of 800 ms into the histogram", count: 100_000) {
            RequestMetrics(registry: MetricsRegistry(), queueID: "reviews", queueName: "request-sortedset")
        } body: { metrics in
            metrics.inferenceLatency.observe(800)
        },
        Benchmark("metrics.by-queue", "the metrics of the queue that an envelope names", count: 100_000) {
            RequestMetricsByQueue(registry: MetricsRegistry())
        } body: { metrics in
            blackHole(metrics[queue: Samples.request.queue])
        },
        Benchmark("tap.unwatched", "a stage asks the tap and nobody listens", count: 1_000_000) {
            try Tap(
                Context(), endpoint: "inproc://tap", stage: "dispatch", showsPayloads: true,
                registry: MetricsRegistry(), logger: Logger(label: "microbench"))
        } body: { tap in
            blackHole(tap.moment)
        },
        Benchmark("loop.clock", "the time of day", count: 100_000) {
            ()
        } body: { _ in
            blackHole(WallClock.now())
        },
    ]
}
