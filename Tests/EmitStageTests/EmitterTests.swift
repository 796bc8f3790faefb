import Foundation
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage
import Testing

@testable import EmitStage

/// The emitter behind a real link; the sink is the test.
@PipelineActor
struct EmitterTests {
    @Test(.timeLimit(.minutes(1)))
    func makesOneBatchOfWhatHasComeIn() async throws {
        let bench = try await Bench.start()
        for number in 0..<20 { bench.send(number) }
        try await bench.wait { bench.emitter.counts["waiting"] == 20 }
        let batch = await bench.emitter.nextBatch()
        #expect(batch.map(\.settlement.id) == (0..<20).map(String.init))
        bench.emitter.settled(batch, Array(repeating: .settled, count: 20))
        try await bench.wait { bench.done.count == 20 }
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func countsAStaleSettlementAsDone() async throws {
        let bench = try await Bench.start()
        bench.send(0)
        bench.emitter.settled(await bench.emitter.nextBatch(), [.stale])
        try await bench.wait { bench.done == [0] }
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func deadLettersAResultThatIsRefusedTenTimesWhileOthersGoOn() async throws {
        let bench = try await Bench.start()
        bench.send(0)
        bench.send(1)
        try await bench.wait { bench.emitter.counts["waiting"] == 2 }
        bench.emitter.settled(await bench.emitter.nextBatch(), [.refused(reason: "WRONGTYPE"), .settled])
        try await bench.wait { bench.done == [1] }
        for _ in 1..<10 {
            let batch = await bench.emitter.nextBatch()
            guard case .result = batch.first?.settlement.action else {
                Issue.record("given up too early")
                return
            }
            bench.emitter.settled(batch, [.refused(reason: "WRONGTYPE")])
        }
        let last = await bench.emitter.nextBatch()
        guard case .deadLetter(let reason, nil) = last.first?.settlement.action else {
            Issue.record("\(last)")
            return
        }
        #expect(reason.contains("WRONGTYPE"))
        bench.emitter.settled(last, [.settled])
        try await bench.wait { bench.done.count == 2 }
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesAnEmptyBatchOnceItIsStopped() async throws {
        let bench = try await Bench.start()
        bench.emitter.stop()
        #expect(await bench.emitter.nextBatch().isEmpty)
        await bench.end()
    }
}

/// A dispatch stage's link to the emitter.
@PipelineActor
private final class Bench {
    let emitter: Emitter
    private let senderLinks: StageLinks
    private let receiverLinks: StageLinks
    private let outgoing: OutgoingLink<Int>
    private let resolving: Task<Void, Never>
    private let folder: URL
    private(set) var done: [Int] = []

    static func start() async throws -> Bench {
        let bench = try Bench()
        try await bench.wait { bench.outgoing.hasLivePeer }
        return bench
    }

    private init() throws {
        var logger = Logger(label: "emit")
        logger.logLevel = .critical
        folder = URL(filePath: "/tmp/ap-emit-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        senderLinks = try StageLinks(registry: MetricsRegistry(), logger: logger)
        receiverLinks = try StageLinks(registry: MetricsRegistry(), logger: logger)
        try senderLinks.bindAcks("ipc://\(folder.path)/acks", advertise: nil)
        outgoing = senderLinks.outgoing(
            "dispatch-emit", to: ["ipc://\(folder.path)/emit"], maxDeliveries: 5, token: Int.self)
        emitter = Emitter(
            incoming: try receiverLinks.incoming("dispatch-emit", listen: "ipc://\(folder.path)/emit"),
            settlements: Settlements(encoder: ResultEncoder()), maxUnackedBytes: 1 << 20, logger: logger)
        resolving = Task { [senderLinks] in _ = await senderLinks.resolve() }
        outgoing.onDone = { [unowned self] in done.append($0) }
        senderLinks.start()
        receiverLinks.start()
    }

    func send(_ number: Int) {
        outgoing.send(
            Envelope(
                id: "\(number)", queue: "q", receipt: Receipt("r"),
                progress: .ended(.result(.answer(statusCode: 200, body: [])))),
            token: number)
    }

    func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    func end() async {
        resolving.cancel()
        await senderLinks.leave()
        await receiverLinks.leave()
        try? FileManager.default.removeItem(at: folder)
    }
}
