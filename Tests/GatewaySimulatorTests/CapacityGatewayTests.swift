import Foundation
import GatewaySimulator
import Messages
import Synchronization
import Testing

/// The capacity model as a client sees it.
struct CapacityGatewayTests {
    private static func settings(_ change: (inout CapacitySettings) -> Void = { _ in }) -> CapacitySettings {
        var settings = CapacitySettings(replicas: 1, tokenTime: 0.0005, tokenTimePerRequest: 0, maxRunning: 8)
        settings.sheddable = ["batch"]
        change(&settings)
        return settings
    }

    private static func body(_ number: Int, maxTokens: Int = 400) -> String {
        #"{"model":"m","prompt":"\#(String(repeating: "word ", count: 200))\#(number)","max_tokens":\#(maxTokens)}"#
    }

    private static func document(_ response: RawClient.Response) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body.utf8)) as? [String: Any])
    }

    @Test(.timeLimit(.minutes(1)))
    func anAnswerHasAsManyWordsAsItsUsageSaysAndTakesAsLong() async throws {
        try await withGateway(GatewaySettings(capacity: Self.settings())) { gateway in
            let client = RawClient(port: gateway.port)
            var lengths: Set<Int> = []
            for number in 1...5 {
                let start = ContinuousClock.now
                client.post("/v1/completions", Self.body(number))
                let document = try Self.document(try #require(client.response()))
                let took = (ContinuousClock.now - start) / .seconds(1)
                let usage = try #require(document["usage"] as? [String: Int])
                let words = try #require(usage["completion_tokens"])
                let choice = try #require((document["choices"] as? [[String: Any]])?.first)
                #expect((choice["text"] as? String)?.split(separator: " ").count == words)
                #expect(choice["finish_reason"] as? String == "stop")
                #expect(usage["prompt_tokens"] == 201)
                #expect(took >= (Double(words) + 201.0 / 200) * 0.0005)
                #expect(document["metrics"] == nil)
                lengths.insert(words)
            }
            #expect(lengths.count > 2)
            client.post("/v1/completions", Self.body(1, maxTokens: 2))
            let cut = try Self.document(try #require(client.response()))
            #expect((cut["usage"] as? [String: Int])?["completion_tokens"] == 2)
            #expect((cut["choices"] as? [[String: Any]])?.first?["finish_reason"] as? String == "length")
            let metrics = try #require(client.get("/metrics")).body
            #expect(metrics.contains("vllm:request_success_total{model_name=\"food-review-1\"} 6\n"))
            #expect(metrics.contains("gateway_sim_online_time_to_first_token_seconds_count 0\n"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func theSameRequestHasTheSameAnswer() async throws {
        try await withGateway(GatewaySettings(capacity: Self.settings())) { gateway in
            let client = RawClient(port: gateway.port)
            let bodies = (1...2).map { _ in
                client.post("/v1/chat/completions", #"{"messages":[{"content":"Hi"}],"max_tokens":100}"#)
                return client.response()?.body
            }
            #expect(bodies[0] != nil && bodies[0] == bodies[1])
            client.post("/v1/embeddings", #"{"input":["a b","c"]}"#)
            let usage = try Self.document(try #require(client.response()))["usage"] as? [String: Int]
            #expect(usage?["prompt_tokens"] == 3)
            client.post("/v1/completions", "no JSON")
            #expect(client.response()?.status == 400)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhatItIsAskedToSay() async throws {
        let capacity = Self.settings { ($0.addsRequestMetrics, $0.shedAt, $0.hold) = (true, 1, 60) }
        try await withGateway(GatewaySettings(capacity: capacity)) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", Self.body(1), headers: "endpoint-load-metrics-format: TEXT\r\n")
            let response = try #require(client.response())
            let metrics = try #require(try Self.document(response)["metrics"] as? [String: Double])
            #expect(
                Set(metrics.keys) == [
                    "time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "mean_itl_ms", "tokens_per_second",
                ])
            #expect(abs((metrics["mean_itl_ms"] ?? 0) - 0.5) < 0.001)
            #expect(metrics["queue_time_ms"] == 0)
            #expect(
                response.header("endpoint-load-metrics")
                    == "TEXT named_metrics.kv_cache_usage_perc=0.0, named_metrics.num_requests_waiting=0.0")
            #expect(response.header("x-llm-d-flow-queue-duration-ms") == "0")
            client.post("/v1/completions", Self.body(1))
            #expect(client.response()?.header("endpoint-load-metrics") == nil)
        }
    }

    /// One place in which a request never ends: 1 / 0.8 is above 1.
    private static func full(hold: Double?) -> GatewaySettings {
        let capacity = settings { ($0.maxRunning, $0.tokenTime, $0.shedAt, $0.hold) = (1, 3000, 1, hold) }
        return GatewaySettings(capacity: capacity, retryAfter: "2")
    }

    private static let batch = "x-gateway-inference-objective: batch\r\n"

    @Test(.timeLimit(.minutes(1)))
    func refusesTheSheddableWhenItIsSaturatedAndSaysWhy() async throws {
        try await withGateway(Self.full(hold: nil)) { gateway in
            let first = RawClient(port: gateway.port)
            first.post("/v1/completions", Self.body(1))
            _ = try await gateway.recorder.requests(atLeast: 1)
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", Self.body(2), headers: Self.batch)
            let response = try #require(client.response())
            #expect(response.status == 429)
            #expect(response.header("x-llm-d-request-dropped-reason") == "rejected-saturated")
            #expect(response.header("Retry-After") == "2")
            let gauges = try #require(client.get("/metrics")).body
            #expect(gauges.contains("vllm:num_requests_running{model_name=\"food-review-1\"} 1\n"))
            #expect(gauges.contains("vllm:kv_cache_usage_perc{model_name=\"food-review-1\"} 1.0\n"))
            #expect(gauges.contains("gateway_sim_step_seconds 3000\n"))
            // Whoever goes makes room, as soon as the gateway has looked again.
            first.close()
            _ = try await gateway.outcomes { $0.first == .abandoned }
            let freed = try #require(RawClient(port: gateway.port).get("/metrics")).body
            #expect(freed.contains("vllm:num_requests_running{model_name=\"food-review-1\"} 0\n"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatIsHeldBackForTooLongIsAnsweredAndSaysWhy() async throws {
        try await withGateway(Self.full(hold: 0.05)) { gateway in
            let first = RawClient(port: gateway.port)
            first.post("/v1/completions", Self.body(1))
            _ = try await gateway.recorder.requests(atLeast: 1)
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", Self.body(2), headers: Self.batch)
            let response = try #require(client.response())
            #expect(response.status == 503)
            #expect(response.header("x-llm-d-request-dropped-reason") == "rejected-ttl-expired")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func usersComeWithoutHTTPAndTheReportSaysHowTheyFared() async throws {
        let lines = Lines()
        let capacity = Self.settings {
            $0.online = OnlineLoad(shape: .steps(quiet: 100, burst: 100, length: 1, gap: 1), seed: 3)
            $0.reportEvery = 0.1
        }
        let settings = GatewaySettings(capacity: capacity, report: { lines.add($0) })
        try await withGateway(settings) { gateway in
            while lines.all.count < 5 { try await Task.sleep(for: .milliseconds(5)) }
            let summary = try #require(await gateway.summary())
            #expect(summary.hasPrefix(#"{"summary":{"seconds":"#))
            let metrics = try #require(RawClient(port: gateway.port).get("/metrics")).body
            let name = "gateway_sim_online_time_per_token_seconds{quantile=\"0.99\"} "
            let line = try #require(metrics.split(separator: "\n").first { $0.hasPrefix(name) })
            #expect(abs((Double(line.dropFirst(name.count)) ?? 0) - 0.0005) < 0.000_001)
            #expect(!metrics.contains("gateway_sim_online_tokens_total 0\n"))
            #expect(gateway.requests().map(\.path) == ["/metrics"])
        }
        #expect(lines.all.allSatisfy { $0.hasPrefix(#"{"second":"#) })
    }

    @Test(.timeLimit(.minutes(1)))
    func withoutAModelThereIsNoSummary() async throws {
        try await withGateway { #expect(await $0.summary() == nil) }
    }

    @Test(.timeLimit(.minutes(1)))
    func refusesWhoFindsNoPlaceAndNoneToWait() async throws {
        let settings = GatewaySettings(maxConcurrency: 1, maxWaiting: 1, retryAfter: "1") { _ in .silent }
        try await withGateway(settings) { gateway in
            let clients = (0..<3).map { _ in RawClient(port: gateway.port) }
            for (number, client) in clients.enumerated() {
                client.post("/v1/completions", "{}")
                _ = try await gateway.recorder.requests(atLeast: number + 1)
            }
            let response = try #require(clients[2].response())
            #expect(response.status == 429 && response.header("Retry-After") == "1")
            // The one that waits goes, and with it its place is free for another.
            clients[1].close()
            _ = try await gateway.outcomes { $0[1] == .abandoned }
            let next = RawClient(port: gateway.port)
            next.post("/v1/completions", "{}")
            _ = try await gateway.recorder.requests(atLeast: 4)
            #expect(gateway.requests().map(\.outcome) == [.open, .abandoned, .answered(429), .open])
        }
    }
}

/// Lines that come on another thread.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock(\.self) }
}
