package import Messages

/// What an instant query of Prometheus brought.
///
/// Source: Prometheus' HTTP API, "Instant queries".
package enum PrometheusAnswer: Sendable, Equatable {
    /// The values of a vector, or the one of a scalar; those that are not finite are left out.
    case values([Double], notFinite: Int)
    /// What Prometheus, or somebody in its place, said instead.
    case refused(String)

    /// - Parameter status: of the HTTP answer.
    package init(status: Int, body: Bytes) {
        guard let document = try? SettingsValue(body), case .string(let outcome)? = document["status"] else {
            let start = String(decoding: body.prefix(80), as: UTF8.self)
            self = .refused("HTTP status \(status), and no answer of Prometheus: \(start)")
            return
        }
        guard outcome == "success", status == 200 else {
            let kind = document["errorType"]?.text ?? "error"
            self = .refused("HTTP status \(status), \(kind): \((document["error"]?.text ?? "").prefix(500))")
            return
        }
        self = Self.values(document["data"])
    }

    private static func values(_ data: SettingsValue?) -> PrometheusAnswer {
        let type = data?["resultType"]?.text ?? ""
        var texts: [String?] = []
        switch (type, data?["result"]) {
        case ("vector", .array(let samples)?): texts = samples.map { $0["value"]?.sampleText }
        case ("scalar", let sample?): texts = [sample.sampleText]
        case ("matrix", _), ("string", _): return .refused("the expression gives a \(type), not a number")
        default: return .refused("the answer holds no vector")
        }
        let numbers = texts.map { $0.flatMap(number) }
        guard !numbers.contains(nil) else { return .refused("a sample of the answer is no number") }
        let finite = numbers.compactMap(\.self).filter(\.isFinite)
        return .values(finite, notFinite: numbers.count - finite.count)
    }

    /// Prometheus writes `NaN`, `+Inf` and `-Inf`, too.
    private static func number(_ text: String) -> Double? { Double(text) }
}

extension SettingsValue {
    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of `[time, "value"]`.
    fileprivate var sampleText: String? {
        guard case .array(let pair) = self, pair.count == 2 else { return nil }
        return pair[1].text
    }
}
