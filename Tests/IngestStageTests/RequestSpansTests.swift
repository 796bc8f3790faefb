import Messages
import PipelineTracing
import Primitives
import Queue
import Synchronization
import Testing
import Tracing

@testable import IngestStage

struct RequestSpansTests {
    private final class Log: Sendable {
        private let content = Mutex<[EndedSpan]>([])
        var all: [EndedSpan] { content.withLock { $0 } }
        func add(_ span: EndedSpan) { content.withLock { $0.append(span) } }
    }

    private static let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
    private let log = Log()
    private let queue = QueueSettings(id: "q-id", name: "q", target: .url("http://gateway"))

    private func spans(_ sampler: TraceSampler = TraceSampler(followsParent: true, ratio: 1)) -> RequestSpans {
        RequestSpans(
            tracer: PipelineTracer(sampler: sampler, random: SplitMix64(seed: 1)) { [log] in log.add($0) })
    }

    private func request(_ headers: [HeaderField] = []) -> Envelope {
        Envelope(
            id: "a", queue: "q", model: "m", receipt: Receipt("r"), headers: headers, deadline: 2000,
            failedAttempts: 1, leasedAt: 1_000_000)
    }

    @Test
    func goesOnWithTheTraceOfTheProducer() throws {
        var envelope = request([HeaderField("traceparent", Self.caller + "1"), HeaderField("tracestate", "a=b")])
        let span = try #require(spans().begin(&envelope, metadata: [:], queue: queue))
        span.end()
        let caller = try #require(TraceContext(traceparent: Self.caller + "1"))
        #expect(span.trace.traceID == caller.traceID)
        #expect(
            envelope.headers == [
                HeaderField("traceparent", span.trace.traceparent), HeaderField("tracestate", "a=b"),
            ])
        let ended = try #require(log.all.first)
        #expect(ended.parent == caller.spanID)
        #expect(ended.start == 1_000_000_000_000)
        #expect(ended.kind == .consumer)
        #expect(ended.trace.state == "a=b")
        #expect(
            ended.attributes == [
                "gen_ai.request.id": "a", "gen_ai.request.model": "m", "llm_d.async.queue.id": "q-id",
                "llm_d.async.queue.name": "q", "llm_d.async.retry_count": 1, "async_processor.deadline": 2000,
            ])
    }

    @Test
    func beginsATraceWithoutOne() throws {
        var (first, second) = (
            request([HeaderField("traceparent", "odd"), HeaderField("tracestate", "a=b")]), request()
        )
        let one = try #require(spans().begin(&first, metadata: [:], queue: queue))
        let other = try #require(spans().begin(&second, metadata: ["traceparent": "odd too"], queue: queue))
        #expect(one.trace.traceID == request().ownTrace)
        #expect(other.trace.traceID == one.trace.traceID, "another attempt of the same request")
        #expect(first.headers == [HeaderField("traceparent", one.trace.traceparent)], "a state belongs to its parent")
        one.end()
        #expect(log.all.map(\.parent) == [nil])
    }

    @Test
    func changesNothingOfARequestThatIsNotRecorded() {
        let headers = [HeaderField("traceparent", Self.caller + "0"), HeaderField("tracestate", "a=b")]
        var envelope = request(headers)
        #expect(spans().begin(&envelope, metadata: [:], queue: queue) == nil)
        #expect(envelope == request(headers))
        var other = request()
        let none = TraceSampler(followsParent: true, ratio: 0)
        #expect(spans(none).begin(&other, metadata: [:], queue: queue) == nil)
        #expect(other == request())
    }

    @Test
    func recordsRequestsThatEndAtOnce() throws {
        var envelope = request()
        envelope.end(.result(.failure(.deadlineExceeded, message: "deadline exceeded")))
        let metadata = [
            "traceparent": Self.caller + "1", "tracestate": String(repeating: "x", count: 500_000),
        ]
        let span = try #require(spans().begin(&envelope, metadata: metadata, queue: queue))
        span.end()
        #expect(envelope.headers == [HeaderField("traceparent", span.trace.traceparent)], "for emit")
        let ended = try #require(log.all.first)
        #expect(ended.parent == SpanID(0xB7AD_6B71_6920_3331))
        #expect(ended.trace.state.isEmpty, "it would be held until the collector takes it")
        #expect(ended.status == SpanStatus(code: .error, message: "deadline exceeded"))
        #expect(ended.attributes.get("error.type") == "DEADLINE_EXCEEDED")
    }

    @Test
    func recordsHowLongARequestHasWaitedWhereTheQueueTells() throws {
        var envelope = request()
        envelope.publishedAt = 990_000
        let span = try #require(spans().begin(&envelope, metadata: [:], queue: queue))
        let wait = try #require(log.all.first)
        #expect(wait.name == "queue-wait")
        #expect(wait.parent == span.trace.spanID)
        #expect(wait.end - wait.start == 10_000_000_000)
        var odd = request()
        odd.publishedAt = 2_000_000
        _ = spans().begin(&odd, metadata: [:], queue: queue)
        #expect(log.all.last.map { $0.start == $0.end } == true, "published after its lease, by another clock")
    }

    @Test
    func hasNoTraceForAMessageWithoutAnID() {
        var envelope = Envelope(id: "", queue: "q", receipt: Receipt("r"))
        #expect(spans().begin(&envelope, metadata: [:], queue: queue) == nil)
    }

    @Test
    func passesBaggageOn() {
        var envelope = request()
        _ = spans().begin(&envelope, metadata: ["baggage": "user=7"], queue: queue)
        #expect(envelope.headers.contains(HeaderField("baggage", "user=7")))
        var own = request([HeaderField("Baggage", "mine")])
        _ = spans().begin(&own, metadata: ["baggage": "user=7"], queue: queue)
        #expect(own.headers.filter { $0.isNamed("baggage") } == [HeaderField("Baggage", "mine")])
        for bad in ["", "a\nb", String(repeating: "x", count: 9000)] {
            var envelope = request()
            _ = spans().begin(&envelope, metadata: ["baggage": bad], queue: queue)
            #expect(!envelope.headers.contains { $0.isNamed("baggage") })
        }
    }
}
