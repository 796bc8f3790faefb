/// A strict reader of the text format, written from its description: anything it does not expect is an error.
struct Exposition {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var help: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Problem(description: "not UTF-8") }
        guard text.isEmpty || text.hasSuffix("\n") else { throw Problem(description: "no newline at the end") }
        var family = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            if line.hasPrefix("# HELP "), words.count == 4 {
                guard help.updateValue(words[3], forKey: words[2]) == nil else { throw Problem(description: "\(line)") }
                family = words[2]
            } else if line.hasPrefix("# TYPE "), words.count == 4, words[2] == family, types[family] == nil {
                types[family] = words[3]
            } else {
                let sample = try Self.sample(line)
                try check(sample, family: family)
                samples.append(sample)
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private func check(_ sample: Sample, family: String) throws {
        let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { sample.name == family + $0 }) else {
            throw Problem(description: "\(sample.name) stands below \(family)")
        }
        guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
            throw Problem(description: "\(sample.name) \(sample.labels) stands twice")
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line
        let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") })
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while true {
                let (key, value) = try label(&rest)
                guard labels.updateValue(value, forKey: key) == nil else { throw Problem(description: "\(line)") }
                let next = rest.popFirst()
                if next == "}" { break }
                guard next == "," else { throw Problem(description: "\(line)") }
            }
        }
        guard !name.isEmpty, rest.popFirst() == " ", let value = number(rest) else {
            throw Problem(description: "\(line)")
        }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func label(_ rest: inout Substring) throws -> (String, String) {
        let key = String(rest.prefix { $0 != "=" })
        rest = rest.dropFirst(key.count)
        guard !key.isEmpty, rest.popFirst() == "=", rest.popFirst() == "\"" else {
            throw Problem(description: "label in \(rest)")
        }
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case "\\": value.append("\\")
            case "\"": value.append("\"")
            default: throw Problem(description: "escape in \(rest)")
            }
        }
        return (key, value)
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.allSatisfy { "0123456789.e+-".contains($0) } ? Double(text) : nil
        }
    }
}
