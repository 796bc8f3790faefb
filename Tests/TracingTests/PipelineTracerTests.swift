import Messages
import Primitives
import Synchronization
import Testing
import Tracing

@testable import PipelineTracing

struct PipelineTracerTests {
    private final class Spans: Sendable {
        private let content = Mutex<[EndedSpan]>([])
        var all: [EndedSpan] { content.withLock { $0 } }
        func add(_ span: EndedSpan) { content.withLock { $0.append(span) } }
    }

    private let spans = Spans()

    private func tracer(_ sampler: TraceSampler = TraceSampler(followsParent: true, ratio: 1)) -> PipelineTracer {
        PipelineTracer(sampler: sampler, random: SplitMix64(seed: 1)) { [spans] in spans.add($0) }
    }

    private func caller(flags: UInt8) throws -> TraceContext {
        TraceContext(
            traceID: try #require(TraceID(high: 7, low: 8)), spanID: try #require(SpanID(9)), flags: flags, state: "a=b"
        )
    }

    @Test
    func goesOnWithTheTraceOfTheCaller() throws {
        let caller = try caller(flags: 3)
        let span = tracer().startSpan("work", context: .child(of: caller), ofKind: .client)
        #expect(span.trace.traceID == caller.traceID)
        #expect(span.trace.spanID != caller.spanID)
        #expect(span.trace.flags == 3, "the name stays random")
        #expect(span.trace.state == "a=b")
        span.attributes["n"] = 1
        span.setStatus(SpanStatus(code: .error, message: "no"))
        span.addEvent("seen")
        span.addLink(SpanLink(context: .child(of: caller), attributes: [:]))
        #expect(span.isRecording)
        span.end()
        let ended = try #require(spans.all.first)
        #expect(ended.parent == caller.spanID)
        #expect(ended.trace == span.trace)
        #expect(ended.name == "work")
        #expect(ended.kind == .client)
        #expect(ended.attributes == ["n": 1])
        #expect(ended.events.map(\.name) == ["seen"])
        #expect(ended.links.map(\.context.trace) == [caller])
        #expect(ended.status == SpanStatus(code: .error, message: "no"))
        #expect(ended.start <= ended.end)
    }

    @Test
    func recordsNothingThatIsNotSampled() throws {
        let caller = try caller(flags: 0)
        let span = tracer().startSpan("work", context: .child(of: caller))
        #expect(!span.isRecording)
        #expect(!span.trace.isSampled)
        span.attributes["n"] = 1
        span.end()
        #expect(span.attributes.isEmpty)
        #expect(spans.all.isEmpty)
    }

    @Test
    func beginsTracesOfTheNameThatIsWanted() throws {
        let name = try #require(TraceID(high: 1, low: 2))
        let span = tracer().startSpan("work", context: .beginning(name))
        span.end()
        #expect(spans.all.map(\.trace.traceID) == [name])
        #expect(spans.all.map(\.parent) == [nil])
        #expect(tracer().startSpan("work", context: .topLevel).trace.traceID != name)
    }

    @Test
    func endsOnceAndNeverBeforeItsBegin() throws {
        let span = tracer().startSpan(
            "work", context: .topLevel, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1000))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 10))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5000))
        #expect(spans.all.map(\.start) == [1000])
        #expect(spans.all.map(\.end) == [1000])
    }

    @Test
    func keepsTheFirstEvents() {
        let span = tracer().startSpan("work", context: .topLevel)
        for number in 0..<100 { span.addEvent(SpanEvent(name: "\(number)")) }
        span.end()
        #expect(spans.all.first?.events.count == 32)
        #expect(spans.all.first?.events.first?.name == "0")
    }

    @Test
    func recordsErrorsThatEndAWork() {
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try tracer().withSpan("work", context: .topLevel) { _ in throw Failure() }
        }
        #expect(spans.all.first?.events.map(\.name) == ["exception"])
        #expect(spans.all.first?.status?.code == .error)
    }

    @Test
    func passesTracesOnInCarriers() throws {
        struct Dictionaries: Extractor, Injector {
            func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
                carrier[key] = value
            }
        }
        let caller = try caller(flags: 1)
        var carrier: [String: String] = [:]
        tracer().inject(.child(of: caller), into: &carrier, using: Dictionaries())
        #expect(carrier == ["traceparent": caller.traceparent, "tracestate": "a=b"])
        var context = InstrumentationContext.topLevel
        tracer().extract(carrier, into: &context, using: Dictionaries())
        #expect(context.trace == caller)
        var empty = InstrumentationContext.topLevel
        tracer().extract(["traceparent": "odd"], into: &empty, using: Dictionaries())
        #expect(empty.trace == nil)
    }

    @Test
    func countsTimeWithoutOverflow() {
        #expect(DefaultTracerClock.Timestamp(milliseconds: 5).nanosecondsSinceEpoch == 5_000_000)
        #expect(DefaultTracerClock.Timestamp(milliseconds: -5).nanosecondsSinceEpoch == 0)
        #expect(DefaultTracerClock.Timestamp(milliseconds: .max).nanosecondsSinceEpoch == .max)
        let late = DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: .max - 1)
        #expect(late.advanced(milliseconds: 1).nanosecondsSinceEpoch == .max)
    }

    @Test
    func cutsLongTexts() {
        #expect(boundedText("short") == "short")
        let cut = boundedText(String(repeating: "ü", count: 4000))
        #expect(cut.utf8.count < 1040)
        #expect(cut.hasSuffix("…"))
    }
}
