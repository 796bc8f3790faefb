import Messages
import PipelineTracing
import Primitives
import Queue
import Synchronization
import Testing
import Tracing

@testable import EmitStage

struct SettlementSpansTests {
    private final class Log: Sendable {
        private let content = Mutex<[EndedSpan]>([])
        var all: [EndedSpan] { content.withLock { $0 } }
        func add(_ span: EndedSpan) { content.withLock { $0.append(span) } }
    }

    private static let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
    private let log = Log()

    private var spans: SettlementSpans {
        SettlementSpans(
            tracer: PipelineTracer(
                sampler: TraceSampler(followsParent: true, ratio: 1), random: SplitMix64(seed: 1)
            ) { [log] in log.add($0) })
    }

    private func outcome(_ progress: Progress, flags: String = "1") -> Envelope {
        Envelope(
            id: "a", queue: "q", receipt: Receipt("r"), headers: [HeaderField("traceparent", Self.caller + flags)],
            progress: progress)
    }

    @Test
    func lastUntilTheQueueHasTakenTheResult() throws {
        let envelope = outcome(.ended(.result(.answer(statusCode: 200, body: []))))
        let span = try #require(spans.begin(envelope))
        spans.note(.delayed(reason: "no memory"), of: envelope, in: span)
        spans.note(.refused(reason: "no list"), of: envelope, in: span)
        #expect(log.all.isEmpty)
        spans.note(.settled, of: envelope, in: span)
        let ended = try #require(log.all.first)
        #expect(ended.name == "settle")
        #expect(ended.parent == SpanID(0xB7AD_6B71_6920_3331))
        #expect(ended.events.map(\.name) == ["delayed", "refused"])
        #expect(ended.events.first?.attributes == ["reason": "no memory"])
        #expect(ended.attributes.get("async_processor.ending") == "result")
        #expect(ended.attributes.get("async_processor.status_code") == 200)
        #expect(ended.attributes.get("async_processor.queue_answer") == "settled")
        #expect(ended.status == nil)
    }

    @Test(arguments: [
        (Progress.ended(.parked(afterMilliseconds: 5)), "parked", nil as String?),
        (.ended(.released), "released", nil), (.ended(.deadLetter(reason: "poison")), "dead_letter", "poison"),
        (.ended(.result(.failure(.deadlineExceeded, message: "late"))), "result", "late"),
    ])
    func tellHowItHasEnded(progress: Progress, ending: String, problem: String?) throws {
        let envelope = outcome(progress)
        let span = try #require(spans.begin(envelope))
        spans.note(.stale, of: envelope, in: span)
        let ended = try #require(log.all.first)
        #expect(ended.attributes.get("async_processor.ending") == .string(ending))
        #expect(ended.attributes.get("async_processor.queue_answer") == "stale")
        #expect(ended.status == problem.map { SpanStatus(code: .error, message: $0) })
    }

    @Test
    func areNotMadeWithoutATraceThatIsRecorded() {
        #expect(spans.begin(outcome(.ended(.released), flags: "0")) == nil)
        #expect(spans.begin(Envelope(id: "a", queue: "q", receipt: Receipt("r"))) == nil)
    }
}
