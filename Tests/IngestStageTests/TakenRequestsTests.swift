import Intake
import LinkBench
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage
import Testing

@testable import IngestStage

/// Which requests count as taken: each once, however often it is leased.
struct TakenRequestsTests {
    @PipelineActor
    @Test(.timeLimit(.minutes(1)))
    func countsARequestWithItsFirstLeaseOnly() async throws {
        let link = try LinkBench("ingest-dispatch")
        let metrics = RequestMetrics(registry: link.registry, queueID: "q", queueName: "q")
        let ingester = Ingester(
            queues: [QueueSettings(id: "q", name: "q", target: .url("http://gateway/v1/completions"))],
            dispatch: link.outgoing, preparation: Preparation(limits: RequestLimits(), maxDeliveries: 5),
            policy: .randomRobin, maxInFlight: nil, maxOpenBytes: 1 << 20, metrics: { _ in metrics },
            held: HeldMetrics(registry: link.registry, places: [.leased, .link]), logger: Logger(label: "ingest"),
            tap: nil)
        let bytes = Bytes(#"{"id":"a","deadline":"9999999999","payload":{}}"#.utf8)
        await ingester.accept([Delivery(bytes: bytes, receipt: Receipt("first"))], queue: 0)
        #expect(metrics.requests.value == 1)
        let again = [
            Delivery(bytes: bytes, receipt: Receipt("tried again"), failedAttempts: 1),
            Delivery(bytes: bytes, receipt: Receipt("taken over"), deliveries: 1),
        ]
        await ingester.accept(again, queue: 0)
        #expect(metrics.requests.value == 1)
        await link.end()
    }
}
