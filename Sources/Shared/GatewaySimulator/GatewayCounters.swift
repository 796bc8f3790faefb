/// What `/metrics` shows.
struct GatewayCounters {
    var tokens = TokenCounts()
    private var outcomes: [String: Int] = [:]

    struct TokenCounts: Equatable {
        var prompt = 0
        var completion = 0
    }

    mutating func count(_ outcome: GatewayRequest.Outcome) {
        let label =
            switch outcome {
            case .open: "open"
            case .answered(let status): "\(status)"
            case .cut: "cut"
            case .abandoned: "abandoned"
            }
        outcomes[label, default: 0] += 1
    }

    /// The gauges that schedulers read from vLLM, and the simulator's own counter, as Prometheus text.
    ///
    /// - Parameter usage: Share of the cache in use; `nil` for a thousandth for each that runs.
    func text(running: Int, waiting: Int, usage: Double? = nil, model: String) -> String {
        let label = "{model_name=\"\(model)\"}"
        var text = ""
        func add(_ name: String, _ type: String, _ help: String, _ value: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name)\(label) \(value)\n"
        }
        add("vllm:num_requests_running", "gauge", "Requests being answered.", "\(running)")
        add("vllm:num_requests_waiting", "gauge", "Requests waiting for a place.", "\(waiting)")
        add(
            "vllm:kv_cache_usage_perc", "gauge", "Share of the cache in use.",
            "\(usage ?? Double(min(running, 1000)) / 1000)")
        add("vllm:prompt_tokens_total", "counter", "Tokens of prompts.", "\(tokens.prompt)")
        add("vllm:generation_tokens_total", "counter", "Tokens of answers.", "\(tokens.completion)")
        add("vllm:request_success_total", "counter", "Inferences answered 200.", "\(outcomes["200", default: 0])")
        text += "# HELP gateway_sim_requests_total Inferences by status, or by how they ended.\n"
        text += "# TYPE gateway_sim_requests_total counter\n"
        for (outcome, count) in outcomes.sorted(by: { $0.key < $1.key }) {
            text += "gateway_sim_requests_total{outcome=\"\(outcome)\"} \(count)\n"
        }
        return text
    }
}
