/// One line, or one histogram's lines, of the text that Prometheus reads.
///
/// Source: Prometheus text exposition format 0.0.4.
protocol Series: Sendable {
    /// Appends the samples of this series, each line ended by a newline.
    func emit(into buffer: inout [UInt8])
}

/// Label names and values in the order they are written.
struct Labels: Sendable {
    let pairs: [(name: String, value: String)]

    init(_ pairs: [(String, String)]) {
        for (name, _) in pairs {
            precondition(isLabelName(name), "\(name) is not a label name")
        }
        self.pairs = pairs.map { (name: $0.0, value: $0.1) }
    }

    func adding(_ name: String, _ value: String) -> Labels {
        Labels(pairs.map { ($0.name, $0.value) } + [(name, value)])
    }

    /// `{a="x",b="y"}`, or nothing without labels.
    var rendered: String {
        if pairs.isEmpty { return "" }
        return "{" + pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    /// What stands before the value of a sample, the blank included.
    func sampleStart(of name: String) -> [UInt8] { Array("\(name)\(rendered) ".utf8) }
}

/// Escapes backslash and line feed, and in label values the double quote.
func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\"" where quotes: result += "\\\""
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// A value as Prometheus reads it; whole numbers without a point.
func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return "\(value)"
}

/// Whether it is `[a-zA-Z_:][a-zA-Z0-9_:]*`.
func isMetricName(_ name: String) -> Bool {
    isName(name) { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") }
}

/// Whether it is `[a-zA-Z_][a-zA-Z0-9_]*`.
func isLabelName(_ name: String) -> Bool { isName(name) { $0 == UInt8(ascii: "_") } }

private func isName(_ name: String, allowing other: (UInt8) -> Bool) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isDigit($0) || isLetter($0) || other($0) }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
}

extension [UInt8] {
    /// Appends a value and ends the line.
    mutating func append(number: Double) {
        append(contentsOf: text(of: number).utf8)
        append(UInt8(ascii: "\n"))
    }
}
