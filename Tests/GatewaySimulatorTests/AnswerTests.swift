import Foundation
import Messages
import Testing

@testable import GatewaySimulator

struct AnswerTests {
    @Test(arguments: [
        (#"{"prompt":"a","model":"m","max_tokens":5}"#, "m", "a", 5), (#"{"prompt":["a","b"]}"#, "", "a\nb", 16),
        (#"{"messages":[{"content":"a"},{"role":"x"},{"content":"b"}]}"#, "", "a\nb", 16),
        (
            #"{"messages":[{"content":[{"type":"image_url"},{"type":"text","text":"a"}]}],"max_completion_tokens":3}"#,
            "", "a", 3
        ),
        (#"{"prompt":7,"model":null,"max_tokens":"x","messages":"y"}"#, "", "", 16), ("{}", "", "", 16),
    ])
    func readsWhatIsAsked(body: String, model: String, text: String, maxTokens: Int) throws {
        let prompt = try #require(Prompt(Array(body.utf8)))
        #expect(prompt.model == model)
        #expect(prompt.text == text)
        #expect(prompt.maxTokens == maxTokens)
    }

    @Test
    func writesAnAnswerAsHTTP() {
        let response = HTTPResponse(
            status: 503, headers: [HeaderField("Retry-After", "2")], body: Array("{}".utf8), keepsAlive: false)
        #expect(
            String(decoding: response.bytes, as: UTF8.self)
                == "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
                + "Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        #expect(String(decoding: HTTPResponse(status: 299).head, as: UTF8.self).hasPrefix("HTTP/1.1 299 Status\r\n"))
    }

    @Test
    func countsForPrometheus() {
        var counters = GatewayCounters()
        for outcome: GatewayRequest.Outcome in [.answered(200), .answered(200), .answered(429), .cut, .abandoned] {
            counters.count(outcome)
        }
        counters.tokens = GatewayCounters.TokenCounts(prompt: 10, completion: 4)
        let lines = counters.text(running: 3, waiting: 5, model: "m").split(separator: "\n")
        #expect(
            lines.filter { !$0.hasPrefix("#") } == [
                "vllm:num_requests_running{model_name=\"m\"} 3", "vllm:num_requests_waiting{model_name=\"m\"} 5",
                "vllm:kv_cache_usage_perc{model_name=\"m\"} 0.003", "vllm:prompt_tokens_total{model_name=\"m\"} 10",
                "vllm:generation_tokens_total{model_name=\"m\"} 4", "vllm:request_success_total{model_name=\"m\"} 2",
                "gateway_sim_requests_total{outcome=\"200\"} 2", "gateway_sim_requests_total{outcome=\"429\"} 1",
                "gateway_sim_requests_total{outcome=\"abandoned\"} 1", "gateway_sim_requests_total{outcome=\"cut\"} 1",
            ])
        // Every metric has its help and its type before its first sample.
        #expect(lines.count { $0.hasPrefix("# HELP") } == 7)
        #expect(lines.count { $0.hasPrefix("# TYPE") } == 7)
    }

    @Test
    func headersAreFoundWhateverTheirCase() {
        #expect("Content-LENGTH".isSameWord("content-length"))
        #expect(!"Content-Length2".isSameWord("content-length"))
        #expect(!"[".isSameWord("{"))
    }

    /// Known numbers of the two algorithms.
    @Test
    func numbersAreThoseOfTheirAlgorithms() {
        var random = GatewayRandom(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
        #expect(fingerprint("".utf8) == 0xcbf2_9ce4_8422_2325)
        #expect(fingerprint("foobar".utf8) == 0x8594_4171_f739_67e8)
    }

    /// Both the examples and the words that the simulator knows.
    @Test
    func theExamplesGetSensibleLabels() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "examples/reviews.jsonl"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 200)
        var ids: Set<String> = []
        var prompts: Set<String> = []
        var labels: [String: Int] = [:]
        for line in lines {
            let request = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let payload = try #require(request["payload"] as? [String: Any])
            let prompt = try #require(payload["prompt"] as? String)
            ids.insert(try #require(request["id"] as? String))
            prompts.insert(prompt)
            let answer = SimulatedModel.answer(to: prompt, maxTokens: payload["max_tokens"] as? Int ?? 0)
            #expect(answer.finish == "stop")
            labels[answer.text, default: 0] += 1
        }
        #expect(ids == Set((1...200).map { "review-" + String("00\($0)".suffix(3)) }))
        #expect(prompts.count == 200)
        #expect(labels.count > 30)
        #expect(labels.filter { $0.key.contains("other") }.values.reduce(0, +) < 15)
    }
}
