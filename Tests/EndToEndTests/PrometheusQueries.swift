import Foundation
import Processes
import TestServers

/// What a Prometheus answers.
extension PrometheusServer {
    /// The samples of an expression now.
    func samples(_ expression: String) throws -> [(labels: [String: String], value: Double)] {
        try results("query", ["query": expression]).compactMap { series in
            guard let pair = series["value"] as? [Any], let text = pair.last as? String else { return nil }
            return (series["metric"] as? [String: String] ?? [:], Double(text) ?? .nan)
        }
    }

    /// The one value of an expression now; `nil` when it has none.
    func value(_ expression: String) throws -> Double? {
        let samples = try samples(expression)
        guard samples.count < 2 else { throw ProcessFailure("\(samples.count) samples of \(expression)") }
        return samples.first?.value
    }

    /// Whether an expression has had a number at some time, looked at each second.
    func hasData(_ expression: String, since start: Date) throws -> Bool {
        let range = [
            "query": expression, "start": "\(start.timeIntervalSince1970)", "end": "\(Date().timeIntervalSince1970)",
            "step": "1s",
        ]
        return try results("query_range", range).contains { series in
            (series["values"] as? [[Any]] ?? []).contains { $0.last as? String != "NaN" }
        }
    }

    /// Its rules: name, expression and what went wrong when it was evaluated last.
    func rules() throws -> [(name: String, expression: String, error: String)] {
        let groups = try ask("rules", [:])["groups"] as? [[String: Any]] ?? []
        return groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }.map { rule in
            func text(_ key: String) -> String { rule[key] as? String ?? "" }
            let isRight = text("health") == "ok"
            return (text("name"), text("query"), isRight ? "" : "\(text("health")) \(text("lastError"))")
        }
    }

    private func results(_ path: String, _ parameters: [String: String]) throws -> [[String: Any]] {
        try ask(path, parameters)["result"] as? [[String: Any]] ?? []
    }

    /// The `data` of an answer of its API.
    ///
    /// - Throws: with what it says when it does not understand.
    private func ask(_ path: String, _ parameters: [String: String]) throws -> [String: Any] {
        let words = parameters.flatMap { ["--data-urlencode", "\($0)=\($1)"] }
        let text = try capture("/usr/bin/curl", ["-s", "-m", "10", "--get"] + words + ["\(url)/api/v1/\(path)"])
        let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        guard answer["status"] as? String == "success" else { throw ProcessFailure("\(parameters): \(text)") }
        return answer["data"] as? [String: Any] ?? [:]
    }
}
