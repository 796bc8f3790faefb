import Messages

/// What an answer of an OpenAI-style server says in words: which model has answered, and why it has stopped.
///
/// The model stands in front of the text and the reason behind it; the text between them is not read.
struct AnswerWords: Equatable {
    /// Of the whole answer, or of the first chunk of a stream; `nil` where it is not found in front.
    private(set) var model: String?
    /// Of the last choice; `nil` where it is not found at the end.
    private(set) var finishReason: String?

    /// - Parameter body: of an answer with status 2xx.
    init(_ body: Bytes) {
        body.suffix(AnswerFigures.tail).withUnsafeBytes { finishReason = JSONTail($0).shortText("finish_reason") }
        body.prefix(Self.head).withUnsafeBytes { model = Self.model($0) }
    }

    /// How much of a body's beginning is looked at.
    private static let head = 1024

    /// The value of `model` among the plain values with which the first object begins.
    private static func model(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard var index = bytes.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        var name: String?
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let start = index + 1
                guard let end = endOfText(bytes, from: start) else { return nil }
                let text = String(decoding: bytes[start..<end], as: UTF8.self)
                if name == "model" { return text }
                name = text
                index = end
            case UInt8(ascii: ","): name = nil
            // What comes now is no plain value, or the object ends.
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"): return nil
            default: break
            }
            index += 1
        }
        return nil
    }

    /// `nil` where it does not end here, or something in it is escaped.
    private static func endOfText(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") { return nil }
            index += 1
        }
        return index < bytes.count ? index : nil
    }
}
