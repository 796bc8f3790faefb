import Intake
import LinkBench
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage
import Synchronization
import Testing

@testable import IngestStage

struct DrainingTests {
    /// Cancelling a call does not undo what the server has done already.
    @Test(.timeLimit(.minutes(1)))
    func givesBackWhatWasBeingLeasedWhenTheDrainBegan() async throws {
        let link = try await LinkBench("ingest-dispatch")
        let incoming = try await link.listen()
        await incoming.wantRoom(8)
        try await link.waitForPeer()
        let source = SlowSource()
        let work = await work(link, source)
        let running = Task { await work.run() }
        while !source.isLeasing { try await Task.sleep(for: .milliseconds(1)) }
        let draining = Task { await work.drain() }
        while await !work.ingester.isDraining { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(await !work.ingester.isEmpty, "it would end before it knows what it has leased")
        source.answer([Receipt("a"), Receipt("b")])
        await draining.value
        #expect(source.released == [Receipt("a"), Receipt("b")])
        running.cancel()
        await running.value
        await link.end()
    }

    @PipelineActor
    private func work(_ link: LinkBench, _ source: any RequestSource) -> IngestWork {
        let queue = QueueSettings(id: "q", name: "q", target: .url("http://gateway/v1/completions"))
        let ingester = Ingester(
            queues: [queue], dispatch: link.outgoing,
            preparation: Preparation(limits: RequestLimits(), maxDeliveries: 5), policy: .randomRobin, maxInFlight: nil,
            maxOpenBytes: 1 << 20,
            metrics: { RequestMetrics(registry: link.registry, queueID: $0.id, queueName: $0.name) },
            held: HeldMetrics(registry: link.registry, places: [.leased, .link]), logger: Logger(label: "ingest"),
            tap: nil)
        let reader = QueueReader(
            queue: 0, settings: queue, source: source, ingester: ingester, lease: .seconds(30),
            calls: QueueCalls(logger: Logger(label: "ingest")),
            backlog: BacklogGauge(registry: MetricsRegistry(), queue: queue),
            leases: link.registry.counter("async_processor_leases_total", help: "Leases."))
        return IngestWork(ingester: ingester, readers: [reader])
    }
}

extension IncomingLink {
    fileprivate func wantRoom(_ count: Int) { wantedRoom = { count } }
}

/// A queue whose server answers when the test says so, whatever has been cancelled meanwhile.
private final class SlowSource: RequestSource {
    private struct State {
        var isLeasing = false
        var answer: [Receipt]?
        var released: [Receipt] = []
    }
    private let state = Mutex(State())

    var isLeasing: Bool { state.withLock { $0.isLeasing } }
    var released: [Receipt] { state.withLock { $0.released } }

    func answer(_ receipts: [Receipt]) { state.withLock { $0.answer = receipts } }

    func connect() async throws(QueueError) {}

    func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        state.withLock { $0.isLeasing = true }
        while true {
            if let answer = state.withLock({ $0.answer }) { return answer.map { Delivery(bytes: [], receipt: $0) } }
            await Task.yield()
        }
    }

    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] { [] }

    func release(_ receipts: [Receipt]) async throws(QueueError) {
        state.withLock { $0.released += receipts }
    }

    func health() async -> QueueHealth { .reachable }
}
