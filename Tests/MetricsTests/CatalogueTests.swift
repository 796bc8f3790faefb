import PipelineMetrics
import Testing

struct CatalogueTests {
    private func read(_ registry: MetricsRegistry) throws -> Exposition {
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return try Exposition(bytes)
    }

    @Test(arguments: [
        "request", "request_retries", "successful_requests", "failed_requests", "exceeded_deadline_requests",
        "shedded_requests", "dispatched_requests",
    ])
    func exposesEachRequestCounterAtZero(name: String) throws {
        let registry = MetricsRegistry()
        _ = RequestMetrics(registry: registry, queueID: "b1", queueName: "batch")
        let exposition = try read(registry)
        let labels = ["queue_id": "b1", "queue_name": "batch", "pool_name": "default"]
        #expect(exposition.value("llm_d_async_async_\(name)_total", labels) == 0)
        #expect(exposition.types["llm_d_async_async_\(name)_total"] == "counter")
    }

    @Test
    func keepsTheCountersOfAQueueApart() throws {
        let registry = MetricsRegistry()
        let metrics = RequestMetrics(registry: registry, queueID: "q", queueName: "q")
        metrics.requests.increment(by: 1)
        metrics.retries.increment(by: 2)
        metrics.successful.increment(by: 3)
        metrics.failed.increment(by: 4)
        metrics.exceededDeadline.increment(by: 5)
        metrics.shedded.increment(by: 6)
        let exposition = try read(registry)
        let labels = ["queue_id": "q", "queue_name": "q", "pool_name": "default"]
        let names = ["request", "request_retries", "successful_requests", "failed_requests"]
        #expect(names.map { exposition.value("llm_d_async_async_\($0)_total", labels) } == [1, 2, 3, 4])
        #expect(exposition.value("llm_d_async_async_exceeded_deadline_requests_total", labels) == 5)
        #expect(exposition.value("llm_d_async_async_shedded_requests_total", labels) == 6)
    }

    @Test
    func hasTheBucketsThatDashboardsExpect() throws {
        let registry = MetricsRegistry()
        let metrics = RequestMetrics(registry: registry, queueID: "q", queueName: "q")
        metrics.inferenceLatency.observe(60_000)
        let buckets = try read(registry).samples.filter {
            $0.name == "llm_d_async_async_inference_latency_time_millis_bucket"
        }
        #expect(
            buckets.compactMap { $0.labels["le"] } == [
                "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000", "60000", "120000",
                "+Inf",
            ])
        #expect(buckets.map(\.value) == Array(repeating: 0, count: 11) + [1, 1, 1])
        #expect(RequestMetrics.queueResidenceLimits.count == 16)
        #expect(RequestMetrics.queueResidenceLimits.last == 86_400_000)
    }

    @Test
    func remembersAQueueAndBoundsTheirNumber() throws {
        let registry = MetricsRegistry()
        var queues = RequestMetricsByQueue(registry: registry, capacity: 2)
        for name in ["a", "b", "c", "d", "a"] { queues[queue: name].requests.increment() }
        let samples = try read(registry).samples.filter { $0.name == "llm_d_async_async_request_total" }
        let counts = Dictionary(uniqueKeysWithValues: samples.map { ($0.labels["queue_name"] ?? "", $0.value) })
        #expect(counts == ["a": 2, "b": 1, "other": 2])
    }

    @Test
    func labelsLinkMetricsWithTheirLink() throws {
        let registry = MetricsRegistry()
        let link = LinkMetrics(registry: registry, link: "ingest-dispatch")
        link.sent.increment(by: 4)
        link.sentAgain.increment()
        link.room.set(9)
        let exposition = try read(registry)
        #expect(exposition.value("async_processor_link_sent_total", ["link": "ingest-dispatch"]) == 4)
        #expect(exposition.value("async_processor_link_sent_again_total", ["link": "ingest-dispatch"]) == 1)
        #expect(exposition.value("async_processor_link_room", ["link": "ingest-dispatch"]) == 9)
        #expect(exposition.value("async_processor_link_peers", ["link": "ingest-dispatch"]) == 0)
    }

    @Test
    func showsEveryReasonWhyNothingMoves() throws {
        let registry = MetricsRegistry()
        let stall = StallMetrics(registry: registry)
        stall.set([.noPeers, .draining])
        stall.set([.noPeers])
        let exposition = try read(registry)
        #expect(exposition.samples.count == StallReason.allCases.count)
        #expect(exposition.value("async_processor_stalled", ["reason": "no_peers"]) == 1)
        #expect(exposition.value("async_processor_stalled", ["reason": "draining"]) == 0)
        #expect(Set(StallReason.allCases.map(\.text)).count == StallReason.allCases.count)
    }

    @Test
    func tellsWhatTheProcessTakes() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let exposition = try read(registry)
        #expect(exposition.types["process_cpu_seconds_total"] == "counter")
        #expect(try #require(exposition.value("process_cpu_seconds_total")) > 0)
        #expect(try #require(exposition.value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(exposition.value("process_open_fds")) > 2)
        #expect(try #require(exposition.value("process_start_time_seconds")) > 1_700_000_000)
    }
}
