/// The part of `/metrics` that is about the simulated replicas and their users.
struct CapacityMetrics {
    private let model: CapacityModel

    init(_ model: CapacityModel) { self.model = model }

    var text: String {
        let (pool, books) = (model.pool, model.books)
        return Self.metric(
            "step_seconds", "gauge", "What a step takes, the mean of all replicas.", [("", pool.stepTime)])
            + Self.metric(
                "online_running", "gauge", "Online users being answered.", [("", Double(pool.onlineRunningCount))])
            + Self.metric("online_waiting", "gauge", "Online users waiting.", [("", Double(pool.onlineWaitingCount))])
            + Self.metric(
                "online_tokens_total", "counter", "Tokens online users got.", [("", Double(books.onlineTokens))])
            + Self.summary(
                "online_time_to_first_token_seconds", "From coming to the first token.", books.timeToFirstToken)
            + Self.summary("online_time_per_token_seconds", "Mean time between two tokens.", books.timePerToken)
    }

    private static func summary(_ name: String, _ help: String, _ times: Percentiles) -> String {
        metric(
            name, "summary", help,
            [0.5, 0.99].map { ("{quantile=\"\($0)\"}", times.value($0)) }
                + [("_sum", times.sum), ("_count", Double(times.count))])
    }

    private static func metric(
        _ name: String, _ type: String, _ help: String, _ samples: [(suffix: String, value: Double)]
    ) -> String {
        let name = "gateway_sim_" + name
        let head = "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        return head + samples.map { "\(name)\($0.suffix) \(number($0.value))\n" }.joined()
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
