package import Messages

/// Finds a sample on a page of metrics in Prometheus' text format.
///
/// Source: Prometheus, "Exposition formats", text-based format 0.0.4.
package enum MetricsPage {
    package enum Finding: Sendable, Equatable {
        case value(Double)
        /// The page has the metric, and no sample of it with these labels.
        case noSample
        /// The page does not have the metric.
        case noMetric
        /// What stands there is not understood.
        case wrong(String)
    }

    /// The first sample of a gauge, a counter or an untyped metric that has all these labels.
    package static func find(_ metric: String, labels: [String: String], in page: Bytes) -> Finding {
        let name = Array(metric.utf8)
        var type = "untyped"
        var isThere = false
        for line in page.split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "#") {
                if let words = typeWords(line), words.name == metric {
                    type = words.type
                    isThere = true
                }
                continue
            }
            guard line.starts(with: name) else { continue }
            let rest = line.dropFirst(name.count)
            guard let next = rest.first, " \t{".utf8.contains(next) else { continue }
            isThere = true
            guard ["gauge", "counter", "untyped", "unknown"].contains(type) else {
                return .wrong("\(metric) is a \(type), expected a gauge, a counter or an untyped metric")
            }
            guard let sample = MetricSample(rest) else {
                return .wrong("the line '\(String(decoding: line.prefix(200), as: UTF8.self))' is not understood")
            }
            if labels.allSatisfy({ sample.labels[$0.key] == $0.value }) { return .value(sample.value) }
        }
        return isThere ? .noSample : .noMetric
    }

    /// All samples of these metrics, by name and in the order of the page; lines that are not understood are left out.
    package static func samples(of metrics: Set<String>, in page: Bytes) -> [String: [MetricSample]] {
        var found: [String: [MetricSample]] = [:]
        for line in page.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let name = line.prefix { !" \t{".utf8.contains($0) }
            let metric = String(decoding: name, as: UTF8.self)
            guard metrics.contains(metric), let sample = MetricSample(line.dropFirst(name.count)) else { continue }
            found[metric, default: []].append(sample)
        }
        return found
    }

    /// Of `# TYPE name type`.
    private static func typeWords(_ line: Bytes) -> (name: String, type: String)? {
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 4, words[0] == "#", words[1] == "TYPE" else { return nil }
        return (words[2], words[3])
    }
}

/// What stands behind the name of a metric: labels, a value, perhaps a time.
package struct MetricSample: Sendable, Equatable {
    package private(set) var labels: [String: String] = [:]
    package let value: Double

    init?(_ line: Bytes) {
        var rest = line
        if rest.first == UInt8(ascii: "{") {
            guard let labels = Self.readLabels(&rest) else { return nil }
            self.labels = labels
        }
        let words = rest.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
        guard let word = words.first, words.count <= 2,
            let value = Double(String(decoding: word, as: UTF8.self))
        else { return nil }
        self.value = value
    }

    /// Reads `{name="value",…}`.
    private static func readLabels(_ rest: inout Bytes) -> [String: String]? {
        var labels: [String: String] = [:]
        rest.removeFirst()
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
            guard let first = rest.first else { return nil }
            if first == UInt8(ascii: "}") {
                rest.removeFirst()
                return labels
            }
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = String(decoding: rest[..<equals], as: UTF8.self)
            rest = rest[(equals + 1)...].drop { $0 == UInt8(ascii: " ") }
            guard let value = readValue(&rest) else { return nil }
            labels[name.trimmed] = value
        }
    }

    /// Reads `"value"` with the escapes `\\`, `\"` and `\n`.
    private static func readValue(_ rest: inout Bytes) -> String? {
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            value.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
        }
        return nil
    }
}

extension String {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
