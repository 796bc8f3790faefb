import Foundation
import GatewaySimulator
import Messages
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What real stages record of requests, read by a collector that knows OpenTelemetry's own messages.
    @Suite(
        .enabled(if: Collector.isAvailable, "scripts/setup could not install opentelemetry-proto"),
        .timeLimit(.minutes(2)))
    struct TracesTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let caller = "b7ad6b7169203331"
        private static func metadata(flags: String = "01", of trace: String = Self.trace) -> String {
            #""metadata":{"traceparent":"00-\#(trace)-\#(caller)-\#(flags)","tracestate":"a=b","baggage":"user=7"}"#
        }
        private static let payload = #"{"model":"m","prompt":"hello","max_tokens":3}"#
        /// Of a request whose first attempt fails.
        private static let ofTwoAttempts = [
            "process-request": 2, "lease-to-dispatch": 2, "http-request": 2, "re-enqueue": 1, "settle": 2,
        ]
        private static let ofOneAttempt = [
            "process-request": 1, "lease-to-dispatch": 1, "http-request": 1, "settle": 1,
        ]

        private func withRun(
            environment: [String: String] = [:], script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
            _ body: (RedisSortedSetRun, Collector) async throws -> Void
        ) async throws {
            let collector = try Collector(port: try freePort())
            let redis = try await RedisServer()
            try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(50)), script: script)) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions), flags: quickRetries,
                    environment: collector.environment.merging(environment) { $1 })
                try await withPipeline(pipeline) { pipeline in
                    try await body(
                        RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline), collector)
                }
            }
            redis.kill()
            await collector.end()
        }

        private static let failsOnce: @Sendable (GatewayRequest) -> GatewayAnswer? = {
            $0.attempt == 1 ? .response(503, headers: [], body: []) : nil
        }

        @Test
        func followARequestThroughAllStagesAndBothAttempts() async throws {
            try await withRun(
                environment: ["OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=batch"], script: Self.failsOnce
            ) { run, collector in
                try await collector.start()
                try run.submit([Message("one", payload: Self.payload, fields: [Self.metadata()])])
                try await run.waitForResults(1)
                let spans = try await collector.wait(for: Self.ofTwoAttempts, of: Self.trace)
                let processes = spans.filter { $0.name == "process-request" }.sorted { $0.start < $1.start }
                try #require(processes.count == 2)
                let requests = run.gateway.requests()
                try #require(requests.count == 2)
                for (process, request) in zip(processes, requests) {
                    let below = spans.filter { $0.parent == process.span }
                    expectOneLease(process, below)
                    let attempt = try #require(below.first { $0.name == "http-request" })
                    #expect(request.header("traceparent") == attempt.traceparent)
                    #expect(request.header("tracestate") == "a=b")
                    #expect(request.header("baggage") == "user=7")
                }
                #expect(spans.count == 2 + spans.count { span in processes.contains { $0.span == span.parent } })
                #expect(processes.map(\.parent) == [Self.caller, Self.caller])
                #expect(processes.map { $0.number("llm_d.async.retry_count") } == [0, 1])
                try expectBackOff(spans, between: processes)
                expectAttempts(spans)
                expectProcesses(spans)
                try run.expectOneResultEach(["one"])
            }
        }

        /// The spans below one lease: who they are, and that they follow each other.
        private func expectOneLease(_ process: CollectedSpan, _ below: [CollectedSpan]) {
            func one(_ name: String) -> CollectedSpan? { below.first { $0.name == name } }
            guard let wait = one("lease-to-dispatch"), let attempt = one("http-request"), let settle = one("settle")
            else {
                Issue.record("below \(process.span) there are \(below.map(\.name))")
                return
            }
            #expect(process.start == wait.start, "both begin with the lease")
            #expect(wait.end == attempt.start)
            #expect(attempt.duration >= 0.045 && attempt.duration < 10)
            #expect(attempt.end <= settle.start)
            #expect(settle.end <= process.end)
            #expect(below.allSatisfy { $0.start <= $0.end })
            #expect(process.duration < 30)
            #expect(below.allSatisfy { $0.text("gen_ai.request.id") == "one" })
            #expect(below.allSatisfy { $0.state == "a=b" && $0.flags == 1 })
        }

        private func expectBackOff(_ spans: [CollectedSpan], between processes: [CollectedSpan]) throws {
            let pause = try #require(spans.first { $0.name == "re-enqueue" })
            #expect(pause.parent == processes[0].span)
            let milliseconds = try #require(pause.number("async_processor.backoff_ms"))
            #expect(pause.end - pause.start == milliseconds * 1_000_000)
            // Leases are known to the millisecond.
            #expect(pause.end <= processes[1].start + 1_000_000)
            let settlements = spans.filter { $0.name == "settle" }.sorted { $0.start < $1.start }
            #expect(settlements.map { $0.text("async_processor.ending") } == ["parked", "result"])
            #expect(settlements.map { $0.text("async_processor.queue_answer") } == ["settled", "settled"])
            #expect(settlements.last?.number("async_processor.status_code") == 200)
        }

        private func expectAttempts(_ spans: [CollectedSpan]) {
            let attempts = spans.filter { $0.name == "http-request" }.sorted { $0.start < $1.start }
            #expect(attempts.map { $0.number("http.response.status_code") } == [503, 200])
            #expect(attempts.map(\.status) == ["STATUS_CODE_ERROR", "STATUS_CODE_UNSET"])
            #expect(attempts.map { $0.text("error.type") } == ["503", nil])
            #expect(attempts.map { $0.text("llm_d.async.error.category") } == ["SERVER_ERROR", nil])
            #expect(attempts.map { $0.number("http.request.resend_count") } == [nil, 1])
            #expect(attempts.allSatisfy { $0.kind == "SPAN_KIND_CLIENT" && $0.text("gen_ai.request.model") == "m" })
            #expect(attempts.last?.text("gen_ai.response.model") == "m")
            #expect(attempts.last?.number("gen_ai.usage.output_tokens") == 3)
            #expect(attempts.last?.attributes["gen_ai.response.finish_reasons"] == .texts(["length"]))
        }

        private func expectProcesses(_ spans: [CollectedSpan]) {
            let stages = [
                "process-request": "ingest", "lease-to-dispatch": "dispatch", "http-request": "dispatch",
                "re-enqueue": "retry", "settle": "emit",
            ]
            #expect(spans.allSatisfy { $0.stage == stages[$0.name] })
            #expect(spans.allSatisfy { $0.process["service.name"] == "llm-d-async" })
            #expect(spans.allSatisfy { $0.process["k8s.namespace.name"] == "batch" })
            #expect(Set(spans.compactMap { $0.process["service.instance.id"] }).count == 4)
            #expect(Set(spans.map(\.span)).count == spans.count)
        }

        @Test
        func giveARequestWithoutATraceOneOfItsOwn() async throws {
            try await withRun(script: Self.failsOnce) { run, collector in
                try await collector.start()
                // One that cannot be read counts as none.
                let odd = #""headers":{"traceparent":"00\n","tracestate":"a=b"},"metadata":{"traceparent":"00-odd"}"#
                try run.submit([Message("one"), Message("two", payload: Self.payload, fields: [odd])])
                try await run.waitForResults(2)
                let named = run.gateway.requests().compactMap { $0.header("traceparent") }
                #expect(named.count == 4)
                let traces = Set(named.map { String($0.dropFirst(3).prefix(32)) })
                #expect(traces.count == 2, "all attempts of a request are in one trace")
                for trace in traces {
                    let spans = try await collector.wait(for: Self.ofTwoAttempts, of: trace)
                    let processes = spans.filter { $0.name == "process-request" }
                    #expect(processes.allSatisfy { $0.parent.isEmpty && $0.state.isEmpty })
                    #expect(Set(spans.compactMap { $0.text("gen_ai.request.id") }).count == 1)
                    let attempts = spans.filter { $0.name == "http-request" }
                    #expect(attempts.allSatisfy { named.contains($0.traceparent) })
                }
            }
        }

        @Test
        func leaveOutWhatIsNotSampled() async throws {
            let sampler = ["OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"]
            try await withRun(environment: sampler) { run, collector in
                try await collector.start()
                let left = String(repeating: "1", count: 32)
                try run.submit([
                    Message("without"),
                    Message("left-out", fields: [Self.metadata(flags: "00", of: left)]),
                    Message("wanted", fields: [Self.metadata()]),
                ])
                try await run.waitForResults(3)
                _ = try await collector.wait(for: Self.ofOneAttempt, of: Self.trace)
                // Every stage has sent spans that ended after those of the others would have.
                try run.submit([Message("later", fields: [Self.metadata(of: String(repeating: "2", count: 32))])])
                _ = try await collector.wait(for: Self.ofOneAttempt, of: String(repeating: "2", count: 32))
                #expect(try Set(collector.spans().compactMap { $0.text("gen_ai.request.id") }) == ["wanted", "later"])
                let parents = Dictionary(
                    run.gateway.requests().map { request in
                        (
                            ["without", "left-out"].first { request.text.contains($0) } ?? "",
                            request.header("traceparent")
                        )
                    }, uniquingKeysWith: { first, _ in first })
                #expect(parents["without"] == .some(nil))
                #expect(parents["left-out"] == "00-\(left)-\(Self.caller)-00", "as the producer has written it")
            }
        }

        /// Nobody listens where spans should go; later somebody does.
        @Test
        func changeNoResultWhileTheCollectorIsAway() async throws {
            let small = ["OTEL_BSP_MAX_QUEUE_SIZE": "20", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10"]
            try await withRun(environment: small, script: Faults.some) { run, collector in
                try run.submit(ids(200))
                try await run.waitForResults(200)
                try run.expectOneResultEach(ids(200))
                let away = "The collector does not take spans"
                try await run.pipeline.waitUntilSaid(
                    ["ingest", "dispatch", "emit"].map { ($0, away) }, within: .seconds(30))
                try await collector.start()
                let back = "The collector takes spans"
                try await run.pipeline.waitUntilSaid(
                    ["ingest", "dispatch", "emit"].map { ($0, back) }, within: .seconds(60))
                for name in ["ingest", "dispatch", "emit"] {
                    let log = try await run.pipeline[name].logText()
                    #expect(log.components(separatedBy: away).count == 2, "said once by \(name)")
                    #expect(log.components(separatedBy: back).count == 2, "said once by \(name)")
                }
                #expect(try !collector.spans().isEmpty)
            }
        }

        /// What ends during the drain is sent before the processes end.
        @Test
        func areCompleteWhenTheProcessesHaveEnded() async throws {
            try await withRun(environment: ["OTEL_BSP_SCHEDULE_DELAY": "3600000"]) { run, collector in
                try await collector.start()
                try run.submit([Message("one", fields: [Self.metadata()])])
                try await run.waitForResults(1)
                #expect(try collector.spans().isEmpty)
                try await run.pipeline.signal(SIGTERM)
                for name in run.pipeline.names {
                    #expect(try await run.pipeline[name].exitStatus(within: .seconds(30)) == 0)
                }
                let counts = try collector.spans().reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
                #expect(counts == Self.ofOneAttempt)
            }
        }
    }
}
