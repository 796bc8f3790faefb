import GatewaySimulator
import HTTP
import Loop
import Messages
import PipelineTracing
import Primitives
import Synchronization
import Testing
import Tracing

@testable import Attempts

@PipelineActor
@Suite(.timeLimit(.minutes(1)))
struct AttemptSpansTests {
    private final class Log: Sendable {
        private let content = Mutex<[EndedSpan]>([])
        var all: [EndedSpan] { content.withLock { $0 } }
        func add(_ span: EndedSpan) { content.withLock { $0.append(span) } }
        func named(_ name: String) throws -> EndedSpan { try #require(all.first { $0.name == name }) }
    }

    private let log = Log()
    private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"

    /// Makes an attempt of a request of a trace.
    private func attempt(
        sampled: Bool = true, path: String = "/v1/completions",
        _ answer: @escaping @Sendable (GatewayRequest) -> GatewayAnswer?,
        change: (inout Envelope) -> Void = { _ in }
    ) async throws -> (request: GatewayRequest?, done: Envelope) {
        let gateway = try await GatewaySimulator.start(GatewaySettings(script: answer))
        let tracer = PipelineTracer(
            sampler: TraceSampler(followsParent: true, ratio: 1), random: SplitMix64(seed: 1)
        ) { [log] in log.add($0) }
        let bench = try AttemptBench(spans: AttemptSpans(tracer))
        var envelope = bench.envelope(gateway.url + path)
        envelope.headers = [
            HeaderField("traceparent", Self.trace + (sampled ? "1" : "0")), HeaderField("tracestate", "a=b"),
        ]
        change(&envelope)
        let done = await bench.attempt(envelope)
        let request = gateway.requests().first
        await gateway.stop()
        #expect(done.headers == envelope.headers, "what comes after belongs to the request's own span")
        return (request, done)
    }

    @Test
    func namesTheAttemptToTheGateway() async throws {
        let (request, _) = try await attempt({ _ in nil }) {
            $0.payload = Array(#"{"model":"m","prompt":"hello","max_tokens":3}"#.utf8)[...]
            $0.model = "m"
            $0.leasedAt = WallClock.now().milliseconds - 40
            $0.failedAttempts = 2
        }
        let span = try log.named("http-request")
        let parent = try #require(TraceContext(traceparent: Self.trace + "1"))
        #expect(request?.header("traceparent") == span.trace.traceparent)
        #expect(request?.header("tracestate") == "a=b")
        #expect(span.trace.traceID == parent.traceID)
        #expect(span.parent == parent.spanID)
        #expect(span.kind == .client)
        #expect(span.status == nil)
        #expect(span.attributes.get("gen_ai.request.id") == "a")
        #expect(span.attributes.get("gen_ai.request.model") == "m")
        #expect(span.attributes.get("gen_ai.operation.name") == "text_completion")
        #expect(span.attributes.get("gen_ai.response.model") == "m")
        #expect(span.attributes.get("gen_ai.response.finish_reasons") == .stringArray(["length"]))
        #expect(span.attributes.get("gen_ai.usage.output_tokens") == 3)
        #expect(span.attributes.get("gen_ai.usage.input_tokens") != nil)
        #expect(span.attributes.get("http.request.method") == "POST")
        #expect(span.attributes.get("http.response.status_code") == 200)
        #expect(span.attributes.get("http.request.resend_count") == 2)
        #expect(span.attributes.get("server.address") == "127.0.0.1")
        #expect(span.attributes.get("error.type") == nil)
        let wait = try log.named("lease-to-dispatch")
        #expect(wait.parent == parent.spanID)
        #expect(wait.end <= span.start)
        #expect(wait.end - wait.start >= 39_000_000)
    }

    @Test(arguments: [
        (GatewayAnswer.refusal(429, retryAfter: nil), "429", "RATE_LIMIT"),
        (.refusal(503, retryAfter: nil), "503", "SERVER_ERROR"),
        (.response(400, headers: [], body: []), "400", "INVALID_REQ"),
        (.response(401, headers: [], body: []), "401", "AUTH_ERROR"),
        (.cutBeforeAnswer, "connection_lost", "UNKNOWN"),
    ])
    func tellsWhatHasGoneWrong(answer: GatewayAnswer, type: String, category: String) async throws {
        _ = try await attempt({ _ in answer })
        let span = try log.named("http-request")
        #expect(span.status?.code == .error)
        #expect(span.attributes.get("error.type") == .string(type))
        #expect(span.attributes.get("llm_d.async.error.category") == .string(category))
        #expect(span.attributes.get("gen_ai.usage.output_tokens") == nil)
    }

    @Test
    func tellsThatThereWasNoConnection() async throws {
        let (request, _) = try await attempt({ _ in nil }) {
            $0.url = "http://127.0.0.1:1/v1/chat/completions?key=secret"
        }
        #expect(request == nil)
        let span = try log.named("http-request")
        #expect(span.attributes.get("error.type") == "unreached_connection")
        #expect(span.attributes.get("gen_ai.operation.name") == "chat")
        #expect(span.attributes.get("url.full") == "http://127.0.0.1:1/v1/chat/completions?***")
    }

    @Test
    func leavesARequestAloneThatIsNotRecorded() async throws {
        let (request, _) = try await attempt(sampled: false, { _ in nil })
        #expect(request?.header("traceparent") == Self.trace + "0")
        #expect(log.all.isEmpty)
    }

    @Test(arguments: [[], [HeaderField("traceparent", "odd")]])
    func recordsNothingWithoutATrace(headers: [HeaderField]) async throws {
        let (request, _) = try await attempt({ _ in nil }) { $0.headers = headers }
        #expect(request?.header("traceparent") == headers.first?.value)
        #expect(log.all.isEmpty)
    }

    @Test(arguments: [
        ("http://gpu:8000/v1", "gpu", 8000), ("https://host/x?y", "host", 443), ("http://host", "host", 80),
        ("http://user:p@ss@host:1/x", "host", 1), ("http://[::1]:8080/x", "::1", 8080), ("http://[::1]/x", "::1", 80),
    ])
    func findsTheServerInAURL(url: String, host: String, port: Int) {
        #expect(ServerName(url)?.host == host)
        #expect(ServerName(url)?.port == port)
    }

    @Test(arguments: ["", "host", "http://", "http://host:x/"])
    func findsNoServerInWhatIsNoURL(url: String) {
        #expect(ServerName(url) == nil)
    }
}
