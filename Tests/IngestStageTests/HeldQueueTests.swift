import Intake
import LinkBench
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage
import Testing

@testable import IngestStage

/// What is leased of a queue whose pools are closed at every dispatch.
struct HeldQueueTests {
    @PipelineActor
    @Test(.timeLimit(.minutes(1)))
    func leasesFewWhileThePoolsOfAQueueAreClosed() async throws {
        let (link, incoming, ingester) = try await bench()
        #expect(await permits(ingester) > 100)
        incoming.tell(pools: [PoolNote(pool: "x", closedFor: 30_000, heldQueues: ["another"])])
        incoming.tell(pools: [PoolNote(pool: "p", closedFor: 30_000, heldQueues: ["q"])])
        try await link.wait { link.outgoing.heldFor(queue: "q") != nil }
        #expect(await permits(ingester) == 16, "those that are due first end in time")
        incoming.tell(pools: [])
        try await link.wait { link.outgoing.heldFor(queue: "q") == nil }
        #expect(await permits(ingester) > 100)
        // It opens by itself, and who waits for permits gets some.
        incoming.tell(pools: [PoolNote(pool: "p", closedFor: 300, heldQueues: ["q"])])
        try await link.wait { link.outgoing.heldFor(queue: "q") != nil }
        await ingester.accept((0..<16).map { Delivery(bytes: [], receipt: Receipt([UInt8($0)])) }, queue: 0)
        #expect(await ingester.permits(queue: 0) > 100)
        await link.end()
    }

    @PipelineActor
    @Test(.timeLimit(.minutes(1)))
    func leasesAgainAsSoonAsThePoolsAreSaidToBeOpen() async throws {
        let (link, incoming, ingester) = try await bench()
        incoming.tell(pools: [PoolNote(pool: "p", closedFor: 120_000, heldQueues: ["q"])])
        try await link.wait { link.outgoing.heldFor(queue: "q") != nil }
        await ingester.accept((0..<16).map { Delivery(bytes: [], receipt: Receipt([UInt8($0)])) }, queue: 0)
        async let permits = ingester.permits(queue: 0)
        // The room is the same before and after.
        try await link.wait { ingester.lanes[0].permitWaiter != nil && link.outgoing.room == 400 }
        incoming.tell(pools: [])
        #expect(await permits > 100)
        await link.end()
    }

    /// An ingester, and a dispatch that wants hundreds.
    @PipelineActor
    private func bench() async throws -> (LinkBench, IncomingLink, Ingester) {
        let link = try LinkBench("ingest-dispatch")
        let own = Introduction(pipeline: "p", stage: "dispatch", release: "", version: 1)
        let incoming = try link.listen(wiring: LinkWiring(own: own, stages: ["ingest"]))
        incoming.wantHundreds()
        try await link.waitForPeer()
        return (link, incoming, ingester(link))
    }

    /// One lease that finds nothing.
    @PipelineActor
    private func permits(_ ingester: Ingester) async -> Int {
        let count = await ingester.permits(queue: 0)
        await ingester.accept([], queue: 0)
        return count
    }

    @PipelineActor
    private func ingester(_ link: LinkBench) -> Ingester {
        Ingester(
            queues: [QueueSettings(id: "q", name: "q", target: .url("http://gateway/v1/completions"))],
            dispatch: link.outgoing, preparation: Preparation(limits: RequestLimits(), maxDeliveries: 5),
            policy: .randomRobin, maxInFlight: nil, maxOpenBytes: 1 << 20,
            metrics: { RequestMetrics(registry: link.registry, queueID: $0.id, queueName: $0.name) },
            held: HeldMetrics(registry: link.registry, places: [.leased, .link]), logger: Logger(label: "ingest"),
            tap: nil)
    }
}

extension IncomingLink {
    fileprivate func wantHundreds() { wantedRoom = { 400 } }
}
