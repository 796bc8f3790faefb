import Glibc
package import Messages

/// What an answer of an OpenAI-style server says about the work it was: tokens, and times that the engine has measured.
///
/// Found by scanning the end of the body backwards for `"usage"` and `"metrics"`, which stand behind the text; the body is
/// never parsed as a whole. In an answer that is a stream (`data:` lines) they are in its last chunks.
package struct AnswerFigures: Sendable, Equatable {
    /// All prompt tokens, those that were cached, and those that were made; `nil` without `usage`.
    package var promptTokens: Int?
    package var cachedTokens: Int?
    package var completionTokens: Int?
    /// All of them, where only their sum is told.
    package var undividedTokens: Int?
    /// Between two tokens, on average, as the engine has measured it.
    package var meanTokenTime: Duration?
    /// What the request waited in the engine, and in the gateway, before it was worked on.
    package var engineQueueTime: Duration?
    package var gatewayQueueTime: Duration?

    package init() {}

    /// How much of a body's end is looked at.
    static let tail = 4096
    /// Larger numbers are taken for mistakes.
    private static let mostTokens = 1 << 30
    private static let longest = Duration.seconds(86_400)

    /// - Parameter body: of an answer with status 2xx.
    package init(_ body: Bytes) {
        body.suffix(Self.tail).withUnsafeBytes { bytes in
            if let object = JSONTail(bytes).object("usage") {
                readUsage(object)
            }
            if let object = JSONTail(bytes).object("metrics") {
                meanTokenTime = object.number("mean_itl_ms").flatMap(Self.milliseconds)
                engineQueueTime = object.number("queue_time_ms").flatMap(Self.milliseconds)
            }
        }
    }

    /// The names of completions, else those of responses.
    private mutating func readUsage(_ usage: JSONFigures) {
        promptTokens = (usage.number("prompt_tokens") ?? usage.number("input_tokens")).flatMap(Self.tokens)
        completionTokens = (usage.number("completion_tokens") ?? usage.number("output_tokens")).flatMap(Self.tokens)
        cachedTokens =
            (usage.number("cached_tokens", below: "prompt_tokens_details")
            ?? usage.number("cached_tokens", below: "input_tokens_details")).flatMap(Self.tokens)
        if promptTokens == nil, completionTokens == nil {
            undividedTokens = usage.number("total_tokens").flatMap(Self.tokens)
        }
    }

    private static func tokens(_ value: Double) -> Int? {
        (0...Double(mostTokens)).contains(value) ? Int(value) : nil
    }

    static func milliseconds(_ value: Double) -> Duration? {
        (0...longest / .milliseconds(1)).contains(value) ? .milliseconds(1) * value : nil
    }
}

/// The end of a JSON text, in which objects and texts are found by their names.
struct JSONTail {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The last object of that name.
    fileprivate func object(_ name: StaticString) -> JSONFigures? {
        value(name, beginningWith: UInt8(ascii: "{")).map(JSONFigures.init)
    }

    /// The last text of that name, if it is short and nothing in it is escaped.
    func shortText(_ name: StaticString) -> String? {
        guard let found = value(name, beginningWith: UInt8(ascii: "\"")) else { return nil }
        let text = found.dropFirst().prefix(257).prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        guard text.count <= 256, text.endIndex < found.endIndex, found[text.endIndex] == UInt8(ascii: "\"") else {
            return nil
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The last value of that name, and what stands behind it; a quote that is escaped belongs to a text.
    private func value(_ name: StaticString, beginningWith first: UInt8) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard let start = bytes.baseAddress, bytes.count > length + 4 else { return nil }
        var index = bytes.count - length - 4
        while index > 0 {
            defer { index -= 1 }
            guard bytes[index] == UInt8(ascii: "\""), bytes[index + length + 1] == UInt8(ascii: "\""),
                memcmp(start + index + 1, name.utf8Start, length) == 0, bytes[index - 1] != UInt8(ascii: "\\")
            else { continue }
            var next = index + length + 2
            skipSpace(&next)
            guard next < bytes.count, bytes[next] == UInt8(ascii: ":") else { continue }
            next += 1
            skipSpace(&next)
            // While a stream goes on its value is null.
            guard next < bytes.count, bytes[next] == first else { continue }
            return UnsafeRawBufferPointer(rebasing: bytes[next...])
        }
        return nil
    }

    private func skipSpace(_ index: inout Int) {
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
    }
}

/// The numbers of one object, and of the objects in it.
private struct JSONFigures {
    private let bytes: UnsafeRawBufferPointer

    /// - Parameter bytes: begin with its brace.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// - Parameter parent: the object in this one that has it; `nil`: this one itself.
    func number(_ name: StaticString, below parent: StaticString? = nil) -> Double? {
        var index = 1
        var depth = 1
        var isBelow = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return nil }
                if depth == 1 { isBelow = false }
            case UInt8(ascii: "\""):
                let first = index + 1
                guard let end = endOfText(from: first) else { return nil }
                index = end
                guard let value = valueIndex(after: end) else { break }
                if let parent, depth == 1, isName(first, end, parent) { isBelow = true }
                if depth == (parent == nil ? 1 : 2), parent == nil || isBelow, isName(first, end, name) {
                    return number(at: value)
                }
            default: break
            }
            index += 1
        }
        return nil
    }

    private func isName(_ first: Int, _ end: Int, _ name: StaticString) -> Bool {
        guard let start = bytes.baseAddress, end - first == name.utf8CodeUnitCount else { return false }
        return memcmp(start + first, name.utf8Start, end - first) == 0
    }

    private func endOfText(from first: Int) -> Int? {
        var index = first
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index < bytes.count ? index : nil
    }

    /// Where the value of a name begins; `nil` for a text that is no name.
    private func valueIndex(after end: Int) -> Int? {
        var index = end + 1
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
        index += 1
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        return index
    }

    private func number(at index: Int) -> Double? {
        let digits = bytes[index...].prefix { byte in
            (0x30...0x39).contains(byte) || byte | 0x20 == UInt8(ascii: "e") || "+-.".utf8.contains(byte)
        }
        guard !digits.isEmpty, digits.count <= 32 else { return nil }
        return Double(String(decoding: digits, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }
}
