import FlyingFox
import FlyingSocks
import Foundation
import HTTP
import Logging
import Messages
import PipelineMetrics
import Synchronization
import TestServers
import Testing
import Tracing

@testable import PipelineTracing

@Suite(.timeLimit(.minutes(1)))
struct SpanExporterTests {
    private let registry = MetricsRegistry()

    private func exporter(_ url: String, _ change: (inout TracingSettings) -> Void = { _ in }) async throws
        -> SpanExporter
    {
        var settings = TracingSettings(endpoint: url)
        settings.delay = .milliseconds(20)
        settings.headers = [HeaderField("x-token", "secret")]
        change(&settings)
        return try await SpanExporter(settings, version: "1", registry: registry, logger: Logger(label: "spans"))
    }

    private func count(_ name: String) -> Int {
        var page: [UInt8] = []
        registry.emit(into: &page)
        let lines = String(decoding: page, as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("async_processor_spans_\(name) ") }
        return Int(line?.split(separator: " ").last ?? "") ?? -1
    }

    /// Ends so many spans while the exporter runs, and then lets it end.
    private func run(
        _ exporter: SpanExporter, spans: Int, until isDone: () async -> Bool = { true }
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            for _ in 0..<spans { exporter.tracer.startSpan("work", context: .topLevel).end() }
            while await !isDone() { try await Task.sleep(for: .milliseconds(5)) }
            exporter.close()
            try await group.waitForAll()
        }
    }

    @Test
    func sendsWhatHasEnded() async throws {
        let collector = try await FakeCollector()
        let exporter = try await exporter(collector.url) { $0.maxBatch = 10 }
        try await run(exporter, spans: 25) { count("exported_total") == 25 }
        #expect(collector.requests.count >= 3)
        #expect(collector.requests.allSatisfy { $0.type == "application/x-protobuf" && $0.token == "secret" })
        #expect(count("exported_total") == 25)
        #expect(count("dropped_total{reason=\"queue_full\"}") == 0)
    }

    @Test
    func sendsTheLastOnesBeforeItEnds() async throws {
        let collector = try await FakeCollector()
        let exporter = try await exporter(collector.url) { $0.delay = .seconds(3600) }
        try await run(exporter, spans: 3)
        #expect(count("exported_total") == 3)
    }

    @Test
    func triesAgainWhileTheCollectorIsAway() async throws {
        let collector = try await FakeCollector()
        collector.answer(503)
        let exporter = try await exporter(collector.url)
        try await run(exporter, spans: 3) {
            if collector.requests.count == 1 { collector.answer(200) }
            return count("exported_total") == 3
        }
        #expect(collector.requests.count == 2)
    }

    @Test
    func losesOnlyWhatFindsNoRoom() async throws {
        let exporter = try await exporter("http://127.0.0.1:\(try freePort())/v1/traces") {
            $0.maxWaiting = 20
            $0.maxBatch = 10
        }
        try await run(exporter, spans: 100) { count("dropped_total{reason=\"queue_full\"}") >= 70 }
        // Nobody has come: when the process ends, they are given up.
        #expect(count("exported_total") == 0)
        let (full, failed) = (
            count("dropped_total{reason=\"queue_full\"}"), count("dropped_total{reason=\"not_taken\"}")
        )
        #expect(full + failed == 100)
    }

    @Test
    func givesUpWhatIsNeverTaken() async throws {
        let collector = try await FakeCollector()
        collector.answer(401)
        let exporter = try await exporter(collector.url)
        try await run(exporter, spans: 3) { count("dropped_total{reason=\"not_taken\"}") == 3 }
        #expect(collector.requests.count == 1)
    }

    @Test(arguments: [400, 413])
    func losesOnlyTheSpansThatTheCollectorDoesNotTake(status: Int) async throws {
        let collector = try await FakeCollector()
        collector.refuse("wrong span", status)
        let exporter = try await exporter(collector.url) { $0.delay = .seconds(3600) }
        for number in 0..<100 {
            exporter.tracer.startSpan(number % 20 == 7 ? "wrong span" : "right span", context: .topLevel).end()
        }
        try await run(exporter, spans: 0)
        #expect(count("exported_total") == 95)
        #expect(count("dropped_total{reason=\"not_taken\"}") == 5)
        #expect(collector.requests.count < 70)
    }

    @Test
    func soonBelievesACollectorThatTakesNothing() async throws {
        let collector = try await FakeCollector()
        collector.answer(400)
        let exporter = try await exporter(collector.url) { $0.delay = .seconds(3600) }
        try await run(exporter, spans: 500)
        #expect(count("dropped_total{reason=\"not_taken\"}") == 500)
        #expect(collector.requests.count < 70)
    }

    @Test
    func doesNotTakeAnyServerForACollector() async throws {
        let collector = try await FakeCollector()
        collector.answer(200, "<html>It works!</html>")
        let exporter = try await exporter(collector.url)
        try await run(exporter, spans: 3) { count("dropped_total{reason=\"not_taken\"}") == 3 }
        #expect(count("exported_total") == 0)
    }

    @Test
    func waitsNoLongerForACollectorThanItIsTold() async throws {
        let collector = try await FakeCollector()
        collector.answer(200, after: .seconds(30))
        let exporter = try await exporter(collector.url) { $0.timeout = .milliseconds(100) }
        try await run(exporter, spans: 3) { !collector.requests.isEmpty }
        #expect(count("dropped_total{reason=\"not_taken\"}") == 3)
    }

    @Test
    func refusesACertificateThatIsNotThere() async throws {
        await #expect(throws: (any Error).self) {
            try await exporter("https://127.0.0.1") { $0.tls.caCertificateFile = "/no/such/file" }
        }
    }
}

/// A server on loopback that answers as a test wants.
private final class FakeCollector: Sendable {
    struct Seen: Sendable {
        var type: String?
        var token: String?
    }

    private struct Answer {
        var status = 200
        /// Of requests with this text in them, another status.
        var refused: (text: String, status: Int)?
        var body = ""
        var delay = Duration.zero
    }

    let url: String
    private let next = Mutex(Answer())
    private let seen = Mutex<[Seen]>([])
    private let task = Mutex<Task<Void, Never>?>(nil)

    init() async throws {
        let port = try freePort()
        url = "http://127.0.0.1:\(port)/v1/traces"
        let handler = ClosureHTTPHandler { [weak self] request in
            guard let self else { return FlyingFox.HTTPResponse(statusCode: .internalServerError) }
            let text = String(decoding: (try? await request.bodyData) ?? Data(), as: UTF8.self)
            seen.withLock {
                $0.append(
                    Seen(
                        type: request.headers[HTTPHeader("Content-Type")], token: request.headers[HTTPHeader("x-token")]
                    ))
            }
            let (status, body, delay) = next.withLock { next in
                let refusal = next.refused.flatMap { text.contains($0.text) ? $0.status : nil }
                return (refusal ?? next.status, next.body, next.delay)
            }
            if delay > .zero { try? await Task.sleep(for: delay) }
            return FlyingFox.HTTPResponse(statusCode: HTTPStatusCode(status, phrase: ""), body: Data(body.utf8))
        }
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: UInt16(port)), pool: .ePoll(), logger: .disabled,
            handler: handler)
        let running = Task { _ = try? await server.run() }
        task.withLock { $0 = running }
        try await server.waitUntilListening()
    }

    deinit { task.withLock { $0?.cancel() } }

    var requests: [Seen] { seen.withLock { $0 } }

    /// Answers requests with this text in them with another status.
    func refuse(_ text: String, _ status: Int) { next.withLock { $0 = Answer(refused: (text, status)) } }

    func answer(_ status: Int, _ body: String = "", after delay: Duration = .zero) {
        next.withLock { $0 = Answer(status: status, body: body, delay: delay) }
    }
}
