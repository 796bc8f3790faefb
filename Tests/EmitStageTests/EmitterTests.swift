import LinkBench
import Links
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
        #expect(batch.map(\.envelope.id) == (0..<20).map(String.init))
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
            guard case .result = bench.emitter.settlements(of: batch).first?.action else {
                Issue.record("given up too early")
                return
            }
            bench.emitter.settled(batch, [.refused(reason: "WRONGTYPE")])
        }
        let last = await bench.emitter.nextBatch()
        guard case .deadLetter(let reason, nil) = bench.emitter.settlements(of: last).first?.action else {
            Issue.record("\(last)")
            return
        }
        #expect(reason.contains("WRONGTYPE"))
        #expect(bench.deadLetters(of: "q") == "0")
        bench.emitter.settled(last, [.settled])
        try await bench.wait { bench.done.count == 2 }
        #expect(bench.deadLetters(of: "q") == "1")
        await bench.end()
    }

    /// What was settled before was counted by whoever did it.
    @Test(.timeLimit(.minutes(1)))
    func countsTheDeadLettersThatOthersDecidedOnOnceTheQueueHasThem() async throws {
        let bench = try await Bench.start()
        for number in 0..<3 { bench.send(number, queue: "r", ending: .deadLetter(reason: "not JSON")) }
        try await bench.wait { bench.emitter.counts["waiting"] == 3 }
        let batch = await bench.emitter.nextBatch()
        bench.emitter.settled(batch, [.settled, .stale, .delayed(reason: "403")])
        try await bench.wait { bench.done.count == 2 }
        #expect(bench.deadLetters(of: "r") == "1")
        #expect(bench.deadLetters(of: "q") == "0")
        bench.emitter.settled(await bench.emitter.nextBatch(), [.settled])
        try await bench.wait { bench.done.count == 3 }
        #expect(bench.deadLetters(of: "r") == "2")
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsAResultThatIsDelayedHoweverOften() async throws {
        let bench = try await Bench.start()
        bench.send(0)
        for _ in 0..<12 {
            let batch = await bench.emitter.nextBatch()
            guard case .result = bench.emitter.settlements(of: batch).first?.action else {
                Issue.record("\(batch)")
                return
            }
            bench.emitter.settled(batch, [.delayed(reason: "403")])
        }
        #expect(bench.done.isEmpty)
        bench.emitter.settled(await bench.emitter.nextBatch(), [.settled])
        try await bench.wait { bench.done == [0] }
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesBackWhatAQueueHasBeyondItsShareWhileTheOthersMove() async throws {
        var limits = EmitLimits(maxUnackedBytes: 1 << 20)
        limits.keptCount = 8
        let bench = try await Bench.start(limits: limits)
        let sink = Task {
            while true {
                let batch = await bench.emitter.nextBatch()
                if batch.isEmpty { return }
                bench.emitter.settled(
                    batch, batch.map { $0.envelope.queue == "good" ? .settled : .delayed(reason: "403") })
            }
        }
        for number in 0..<10 { bench.send(number, queue: "stuck") }
        try await bench.wait { bench.emitter.counts["kept"] == 10 }
        for number in 10..<3010 { bench.send(number, queue: number.isMultiple(of: 2) ? "good" : "stuck") }
        try await bench.wait { bench.done.count == 1500 }
        try await bench.wait { bench.handedBack >= 1500 }
        #expect(bench.emitter.counts["kept"] == 10)
        #expect(bench.done.allSatisfy { $0.isMultiple(of: 2) })
        bench.emitter.stop()
        await sink.value
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func makesAnErrorOfAResultThatIsTooLargeAsText() async throws {
        let bench = try await Bench.start(limits: EmitLimits(maxUnackedBytes: 1 << 20, maxResult: 100_000))
        bench.send(0, body: Bytes(repeating: 0x01, count: 20_000))
        bench.send(1, body: Bytes(repeating: 0x41, count: 70_000))
        try await bench.wait { bench.emitter.counts["waiting"] == 2 }
        let settlements = bench.emitter.settlements(of: await bench.emitter.nextBatch())
        #expect(settlements.map(\.errorCode) == [.inferenceError, nil])
        guard case .result(let json) = settlements[0].action else {
            Issue.record("\(settlements[0])")
            return
        }
        #expect(String(decoding: json, as: UTF8.self).contains("bytes as JSON, 100000 are taken"))
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysOfWhatItsSenderMayHaveGivenToOthersThatItMayBeRepeated() async throws {
        let bench = try await Bench.start()
        bench.send(0)
        let batch = await bench.emitter.nextBatch()
        #expect(bench.emitter.settlements(of: batch).map(\.mayBeRepeated) == [false])
        await bench.leaveSender()
        try await bench.wait { bench.emitter.settlements(of: batch).map(\.mayBeRepeated) == [true] }
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesBackWhatIsStaleHereAndInAnotherStore() async throws {
        let bench = try await Bench.start()
        let (own, other) = (StoreIdentity(.sqlite, named: "own"), StoreIdentity(.sqlite, named: "other"))
        bench.emitter.know(.store(own))
        for (number, store) in [other, own].enumerated() { bench.send(number, store: store.number) }
        try await bench.wait { bench.emitter.counts["waiting"] == 2 }
        bench.emitter.settled(await bench.emitter.nextBatch(), [.stale, .stale])
        try await bench.wait { bench.done == [1] && bench.unsettleable == 1 }
        #expect(bench.emitter.counts["open"] == 0)
        // It is offered again after a second; then the store is the right one.
        bench.emitter.know(.store(other))
        let batch = await bench.emitter.nextBatch()
        #expect(batch.map(\.envelope.id) == ["0"])
        bench.emitter.settled(batch, [.settled])
        try await bench.wait { bench.done == [1, 0] }
        #expect(bench.unsettleable == 0)
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesAnEmptyBatchOnceItIsStopped() async throws {
        let bench = try await Bench.start()
        bench.emitter.stop()
        #expect(await bench.emitter.nextBatch().isEmpty)
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func leavesWhatArrivesWithItsSenderOnceItIsGone() async throws {
        let link = try LinkBench("dispatch-emit")
        let incoming = try link.listen()
        var emitter: Emitter? = Emitter(
            incoming: incoming, settlements: Settlements(encoder: ResultEncoder()),
            limits: EmitLimits(maxUnackedBytes: 1 << 20), spacing: .microseconds(1500),
            deadLetters: DeadLetterCounter(registry: MetricsRegistry(), queues: [], logger: Logger(label: "emit")),
            logger: Logger(label: "emit"))
        #expect(emitter?.isDraining == false)
        try await link.waitForPeer()
        emitter = nil
        link.send(Envelope(id: "a", queue: "q", receipt: Receipt("r"), progress: .ended(.released)), token: 1)
        try await link.wait { incoming.unfinishedCount == 1 }
        #expect(link.done.isEmpty)
        #expect(link.outgoing.openCount == 1)
        await link.end()
    }
}

/// A dispatch stage's link to the emitter.
@PipelineActor
private final class Bench {
    let emitter: Emitter
    private let link: LinkBench
    private let registry = MetricsRegistry()

    static func start(limits: EmitLimits = EmitLimits(maxUnackedBytes: 1 << 20)) async throws -> Bench {
        let bench = try Bench(limits)
        try await bench.link.waitForPeer()
        return bench
    }

    private init(_ limits: EmitLimits) throws {
        link = try LinkBench("dispatch-emit")
        emitter = Emitter(
            incoming: try link.listen(), settlements: Settlements(encoder: ResultEncoder()), limits: limits,
            spacing: .microseconds(1500),
            deadLetters: DeadLetterCounter(registry: registry, queues: ["q"], logger: Logger(label: "emit")),
            logger: Logger(label: "emit"))
    }

    /// The line of a counter as Prometheus gets it; `nil` when there is none.
    func deadLetters(of queue: String) -> String? {
        var text: [UInt8] = []
        registry.emit(into: &text)
        let start = "async_processor_dead_letters_total{queue=\"\(queue)\"} "
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(start) }
            .map { String($0.dropFirst(start.count)) }
    }

    var done: [UInt64] { link.done }

    /// Messages that the sender cannot give to anybody.
    var unsettleable: Int { link.outgoing.unsettleableCount }

    func send(
        _ number: Int, queue: String = "q", store: UInt64 = 0, body: Bytes = [], ending: Ending? = nil
    ) {
        let ending = ending ?? .result(.answer(statusCode: 200, body: body))
        link.send(
            Envelope(
                id: "\(number)", queue: queue, receipt: Receipt("r"), store: store, progress: .ended(ending)),
            token: UInt64(number))
    }

    var handedBack: UInt64 { link.outgoing.totals.refused }

    func wait(until condition: () -> Bool) async throws { try await link.wait(until: condition) }

    /// The sender says no more.
    func leaveSender() async { await link.senderLinks.leave() }

    func end() async { await link.end() }
}
