import Logging
import Messages

/// One log line, as text or as JSON.
struct LogLine {
    var time: LogTime
    var level: Logger.Level
    /// The logger's label; the stage's name.
    var label: String
    var message: String
    /// In the order they are written.
    var metadata: [(key: String, value: Logger.MetadataValue)]

    func text() -> String {
        var line = "\(time) \(level.rawValue.padded(to: 8)) \(label): \(message.escapingHidden)"
        for (key, value) in metadata { line += " \(key)=\(Self.word(Self.cut(value.description)))" }
        return line + "\n"
    }

    func json() -> String {
        var line = #"{"time":"\#(time)","level":"\#(level.rawValue)","stage":\#(quoted(label))"#
        line += #","message":\#(quoted(message))"#
        for (key, value) in metadata {
            let name = ["time", "level", "stage", "message"].contains(key) ? "_" + key : key
            line += ",\(quoted(name)):\(Self.json(value))"
        }
        return line + "}\n"
    }

    /// A value that a reader can tell from what follows it.
    private static func word(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && !$0.isHidden }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    /// Bytes of one value, at most; names and errors from outside may be megabytes.
    private static let maxValue = 4096

    /// The text, or its beginning and how long it was.
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maxValue else { return text }
        return String(decoding: text.utf8.prefix(maxValue), as: UTF8.self) + "… (\(text.utf8.count) bytes)"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): quoted(cut(text))
        case .stringConvertible(let value): number(value) ?? quoted(cut(value.description))
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }
                .joined(separator: ",") + "}"
        }
    }

    private static func number(_ value: any CustomStringConvertible) -> String? {
        switch value {
        case let value as Bool: value.description
        case let value as any BinaryInteger: value.description
        case let value as Double where value.isFinite: value.description
        default: nil
        }
    }
}

/// A JSON string, with an escape for all that a terminal must not get.
///
/// Source: RFC 8259, section 7.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.isHidden: result += scalar.jsonEscape
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    func zeroPadded(to width: Int) -> String { String(repeating: "0", count: max(0, width - count)) + self }
}

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}
