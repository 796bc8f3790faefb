import GateRules
import LinkBench
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
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
        #expect(bench.settlements == [:])
        #expect(bench.refusals == ["stale": 1])
        await bench.end()
    }

    /// A settlement that succeeds at last counts once, and each time before apart.
    @Test(.timeLimit(.minutes(1)))
    func countsHowEachLeaseEnds() async throws {
        let endings: [Ending] = [
            .result(.answer(statusCode: 200, body: [])), .result(.failure(.deadlineExceeded, message: "late")),
            .parked(afterMilliseconds: 10), .released, .deadLetter(reason: "not JSON"),
        ]
        let bench = try await Bench.start()
        for (number, ending) in endings.enumerated() { bench.send(number, ending: ending) }
        try await bench.wait { bench.emitter.counts["waiting"] == endings.count }
        let batch = await bench.emitter.nextBatch()
        bench.emitter.settled(
            batch, [.settled, .settled, .delayed(reason: "403"), .refused(reason: "WRONGTYPE"), .settled])
        #expect(bench.settlements == ["answer": 1, "deadline_exceeded": 1, "dead_letter": 1])
        #expect(bench.refusals == ["delayed": 1, "refused": 1])
        try await bench.wait { bench.emitter.counts["waiting"] == 2 }
        bench.emitter.settled(await bench.emitter.nextBatch(), [.settled, .settled])
        try await bench.wait { bench.done.count == endings.count }
        let all = ["answer": 1, "deadline_exceeded": 1, "dead_letter": 1, "parked": 1, "released": 1]
        #expect(bench.settlements == all)
        #expect(bench.refusals == ["delayed": 1, "refused": 1])
        await bench.end()
    }

    /// The queue's own counters are there before anything has ended.
    @Test(.timeLimit(.minutes(1)))
    func showsTheCountersOfItsQueuesFromTheStart() async throws {
        let bench = try await Bench.start()
        #expect(bench.value(#"async_processor_settlements_total{queue="q",end="answer"} "#) == "0")
        #expect(bench.value(#"async_processor_settlement_refusals_total{queue="q",reason="other_store"} "#) == "0")
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

    /// What is stale was charged by whoever settled it.
    @Test(.timeLimit(.minutes(1)))
    func chargesTheTokensOfWhatIsSettledForTheFirstTime() async throws {
        var quota = QuotaSettings(address: "127.0.0.1:1", limit: 100)
        quota.mode = .tokens
        let bench = try await Bench.start(gate: .quota(quota))
        let key = quota.tokensKey(for: "a")
        for number in 0..<5 {
            bench.send(number, charges: [key], tokens: TokenUsage(prompt: 1, completion: 1 << number))
        }
        bench.send(5, tokens: TokenUsage(prompt: 100))
        try await bench.wait { bench.emitter.counts["waiting"] == 6 }
        let batch = await bench.emitter.nextBatch()
        bench.emitter.settled(
            batch, [.settled, .stale, .settled, .delayed(reason: "403"), .refused(reason: "WRONGTYPE"), .settled])
        #expect(bench.emitter.counts["uncharged_tokens"] == 1 + 1 + 1 + 4)
        // Both are tried again after the same time: one by one, or together.
        var left = 2
        while left > 0 {
            let batch = await bench.emitter.nextBatch()
            bench.emitter.settled(batch, batch.map { _ in .settled })
            left -= batch.count
        }
        #expect(bench.emitter.counts["uncharged_tokens"] == 7 + 1 + 8 + 1 + 16)
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
        #expect(bench.held(of: "stuck") == "10")
        for number in 10..<3010 { bench.send(number, queue: number.isMultiple(of: 2) ? "good" : "stuck") }
        try await bench.wait { bench.done.count == 1500 }
        try await bench.wait { bench.handedBack >= 1500 }
        #expect(bench.emitter.counts["kept"] == 10)
        #expect(bench.done.allSatisfy { $0.isMultiple(of: 2) })
        #expect(bench.held(of: "stuck") == "10", "what is handed back is counted by its sender")
        #expect([nil, "0"].contains(bench.held(of: "good")))
        bench.emitter.stop()
        await sink.value
        await bench.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func measuresTheTimeFromPublicationToResult() async throws {
        let bench = try await Bench.start()
        let now = WallClock.now().milliseconds
        bench.send(0)
        bench.send(1, ending: .parked(afterMilliseconds: 5), publishedAt: now - 3_000)
        try await bench.wait { bench.emitter.counts["waiting"] == 2 }
        bench.emitter.settled(await bench.emitter.nextBatch(), [.settled, .settled])
        #expect(bench.latencies(upTo: 5_000) == [nil, nil], "nobody knows, or it has not ended")
        for number in 2...4 { bench.send(number, publishedAt: now - (number == 4 ? 60_000 : 3_000)) }
        try await bench.wait { bench.emitter.counts["waiting"] == 3 }
        bench.emitter.settled(await bench.emitter.nextBatch(), [.settled, .stale, .settled])
        #expect(bench.latencies(upTo: 5_000) == ["2", "1"], "what was settled before counts once")
        #expect(bench.latencies(upTo: 1_000) == ["2", "0"])
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
        #expect(bench.refusals == ["stale": 1, "other_store": 1])
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
            counter: SettlementCounter(registry: MetricsRegistry(), queues: []),
            held: HeldMetrics(registry: MetricsRegistry(), places: [.settlement]),
            latencies: LatencyMeter(registry: MetricsRegistry()), logger: Logger(label: "emit"))
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

    static func start(
        limits: EmitLimits = EmitLimits(maxUnackedBytes: 1 << 20), gate: GateSettings = .constant
    ) async throws -> Bench {
        let bench = try Bench(limits, gate)
        try await bench.link.waitForPeer()
        return bench
    }

    private init(_ limits: EmitLimits, _ gate: GateSettings) throws {
        let queue = QueueSettings(id: "q", name: "q", target: .url("http://gateway"), gate: gate)
        link = try LinkBench("dispatch-emit")
        emitter = Emitter(
            incoming: try link.listen(), settlements: Settlements(encoder: ResultEncoder()), limits: limits,
            spacing: .microseconds(1500),
            deadLetters: DeadLetterCounter(registry: registry, queues: ["q"], logger: Logger(label: "emit")),
            counter: SettlementCounter(registry: registry, queues: ["q"]),
            charges: try TokenCharges([queue], registry: registry, logger: Logger(label: "emit")),
            held: HeldMetrics(registry: registry, places: [.settlement], queues: ["q"]),
            latencies: LatencyMeter(registry: registry), logger: Logger(label: "emit"))
    }

    /// The line of a counter as Prometheus gets it; `nil` when there is none.
    func deadLetters(of queue: String) -> String? {
        value("async_processor_dead_letters_total{queue=\"\(queue)\"} ")
    }

    /// The requests that are counted as held.
    func held(of queue: String) -> String? {
        emitter.updateMetrics()
        return value("async_processor_held_requests{queue=\"\(queue)\",place=\"settlement\"} ")
    }

    /// How many times from publication to result were measured, and how many of them took up to so many milliseconds.
    func latencies(upTo limit: Int) -> [String?] {
        let (name, labels) = (
            "llm_d_async_async_message_latency_time_millis", "queue_id=\"q\",queue_name=\"q\",pool_name=\"default\""
        )
        return [value("\(name)_count{\(labels)} "), value("\(name)_bucket{\(labels),le=\"\(limit)\"} ")]
    }

    /// Those of the queue `q` that are not 0, by how leases ended.
    var settlements: [String: Int] { counts("async_processor_settlements_total", by: "end") }

    /// Those of the queue `q` that are not 0, by why they were not taken.
    var refusals: [String: Int] { counts("async_processor_settlement_refusals_total", by: "reason") }

    private func counts(_ name: String, by label: String) -> [String: Int] {
        var text: [UInt8] = []
        registry.emit(into: &text)
        let start = "\(name){queue=\"q\",\(label)=\""
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix(start) }
        return lines.reduce(into: [:]) { counts, line in
            let parts = line.dropFirst(start.count).split(separator: "\"} ")
            guard parts.count == 2, let count = Int(parts[1]), count > 0 else { return }
            counts[String(parts[0])] = count
        }
    }

    func value(_ start: String) -> String? {
        var text: [UInt8] = []
        registry.emit(into: &text)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(start) }
            .map { String($0.dropFirst(start.count)) }
    }

    var done: [UInt64] { link.done }

    /// Messages that the sender cannot give to anybody.
    var unsettleable: Int { link.outgoing.unsettleableCount }

    func send(
        _ number: Int, queue: String = "q", store: UInt64 = 0, body: Bytes = [], charges: [String] = [],
        tokens: TokenUsage = TokenUsage(), ending: Ending? = nil, publishedAt: Int64 = 0
    ) {
        let ending = ending ?? .result(.answer(statusCode: 200, body: body))
        link.send(
            Envelope(
                id: "\(number)", queue: queue, receipt: Receipt("r"), publishedAt: publishedAt, store: store,
                charges: charges, tokens: tokens,
                progress: .ended(ending)),
            token: UInt64(number))
    }

    var handedBack: UInt64 { link.outgoing.totals.refused }

    func wait(until condition: () -> Bool) async throws { try await link.wait(until: condition) }

    /// The sender says no more.
    func leaveSender() async { await link.senderLinks.leave() }

    func end() async { await link.end() }
}
