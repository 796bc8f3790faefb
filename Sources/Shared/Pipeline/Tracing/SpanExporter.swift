package import HTTP
package import Logging
import Loop
import Messages
package import PipelineMetrics
import Primitives
import Queue

/// Sends spans to a collector, some at a time.
///
/// The stage is never held up: spans wait in `SpanBuffer` or are dropped there, they are written on this actor's own thread,
/// and libcurl sends them beside everything else. A collector that is away, slow or in disorder costs spans, which are
/// counted.
package actor SpanExporter {
    package nonisolated let tracer: PipelineTracer
    private let settings: TracingSettings
    private let buffer: SpanBuffer
    private let thread = QueueThread(name: "spans")
    private let client: HTTPClient
    private let encoder: SpanEncoder
    private let logger: Logger
    private let counters: SpanCounters
    private var news = ExportNews()
    private var halves = ExportHalves()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter version: of the program.
    /// - Throws: when a file with a certificate cannot be used.
    package init(
        _ settings: TracingSettings, version: String, registry: MetricsRegistry, logger: Logger
    ) async throws(HTTPError) {
        let counters = SpanCounters(registry)
        let buffer = SpanBuffer(capacity: settings.room, enough: settings.batch) {
            counters.queueFull.increment()
        }
        var random = SystemRandomNumberGenerator()
        tracer = PipelineTracer(sampler: settings.sampler, random: SplitMix64(seed: random.next())) { buffer.add($0) }
        self.counters = counters
        self.buffer = buffer
        self.settings = settings
        self.logger = logger
        encoder = SpanEncoder(resource: settings.resource, version: version)
        client = try await Self.client(settings)
    }

    @PipelineActor
    private static func client(_ settings: TracingSettings) throws(HTTPError) -> HTTPClient {
        try HTTPClient(HTTPClientOptions(maxIdleConnections: 1, responseHeaders: ["Retry-After"], tls: settings.tls))
    }

    /// For `/status`.
    package nonisolated var described: [(name: String, value: String)] { settings.describe() }

    /// Sends spans as they come, until `close`; then what is left.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [buffer, settings] in
                while (try? await Task.sleep(for: settings.delay)) != nil { buffer.wake() }
            }
            for await _ in buffer.wakes { await sendAll() }
            group.cancelAll()
        }
        await sendAll()
    }

    /// Lets `run` end.
    package nonisolated func close() { buffer.close() }

    private func sendAll() async {
        while !Task.isCancelled {
            let batch = buffer.take(settings.batch)
            if batch.isEmpty { return }
            await send(batch)
        }
    }

    /// Sends them together, or in parts where the collector does not take them together.
    private func send(_ batch: [EndedSpan]) async {
        var pauses = ExportPauses()
        var parts = [batch[...]]
        // One word for all of them: the worst.
        var (last, trouble): (ExportAnswer?, ExportAnswer?)
        while let part = parts.popLast() {
            let answer = await answer(to: part, &pauses)
            switch answer {
            case .taken(let rejected, _):
                let rejected = min(rejected, part.count)
                counters.exported.increment(by: part.count - rejected)
                counters.rejected.increment(by: rejected)
                halves.noteTaken()
            case .unfit where halves.areSent(of: part.count):
                let middle = part.startIndex + part.count / 2
                parts += [part[middle...], part[..<middle]]
                continue
            case .unfit, .refused:
                counters.failed.increment(by: part.count)
                trouble = answer
            case .later:
                // Nobody waits any longer, and so it is for the rest.
                counters.failed.increment(by: part.count + parts.reduce(0) { $0 + $1.count })
                return say(answer)
            }
            last = answer
        }
        if let answer = trouble ?? last { say(answer) }
    }

    /// What the collector says at last: `later` only where nobody waits any longer.
    private func answer(to spans: ArraySlice<EndedSpan>, _ pauses: inout ExportPauses) async -> ExportAnswer {
        let request = HTTPRequest(
            .post, url: settings.endpoint,
            headers: [HeaderField("Content-Type", "application/x-protobuf")] + settings.headers,
            body: encoder.encode(spans)[...], timeout: settings.timeout, maxResponseBytes: 64 << 10)
        while true {
            let answer = ExportAnswer(await result(of: request), now: WallClock.now().seconds)
            guard case .later(_, let wish) = answer else { return answer }
            say(answer)
            guard !buffer.isClosed, let pause = pauses.pause(askedFor: wish, random: .random(in: 0...1)),
                await wait(pause)
            else { return answer }
        }
    }

    private func result(of request: HTTPRequest) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) { return .success(try await client.response(to: request)) } catch {
            return .failure(error)
        }
    }

    /// - Returns: `false` when the process ends meanwhile.
    private func wait(_ pause: Duration) async -> Bool {
        let end = ContinuousClock.now + pause
        while ContinuousClock.now < end {
            guard !buffer.isClosed, (try? await Task.sleep(for: .milliseconds(100))) != nil else { return false }
        }
        return true
    }

    private func say(_ answer: ExportAnswer) {
        let place: Logger.Metadata = ["endpoint": "\(redacted(settings.endpoint))"]
        switch news.note(answer, lost: counters.lost) {
        case .trouble(let reason):
            logger.warning(
                "The collector does not take spans; requests are not concerned",
                metadata: place.merging(["error": "\(reason)"]) { $1 })
        case .back(let lost):
            logger.info("The collector takes spans", metadata: place.merging(["lost": "\(lost)"]) { $1 })
        case nil: break
        }
    }
}

/// What has become of the spans of this process.
struct SpanCounters: Sendable {
    let exported: Counter
    let queueFull: Counter
    let failed: Counter
    let rejected: Counter

    init(_ registry: MetricsRegistry) {
        exported = registry.counter(
            "async_processor_spans_exported_total", help: "Spans that the collector has taken.")
        func dropped(_ reason: String) -> Counter {
            registry.counter(
                "async_processor_spans_dropped_total", help: "Spans that were recorded and not exported, by reason.",
                labels: [("reason", reason)])
        }
        queueFull = dropped("queue_full")
        failed = dropped("not_taken")
        rejected = dropped("rejected")
    }

    var lost: Int { queueFull.value + failed.value + rejected.value }
}
