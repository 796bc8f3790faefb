import GatewaySimulator
import Messages

/// One copy, as a stage's tap wrote it; its fields stand in `docs/operations.md`.
struct TapRecord {
    private let document: Bytes
    private let members: [JSONText.Member]

    /// `nil` for what is no JSON object: then somebody else publishes there.
    init?(_ document: [UInt8]) {
        guard let members = JSONText.members(of: document[...]) else { return nil }
        self.document = document[...]
        self.members = members
    }

    /// Which copy of its process it is: what `document` begins with; 0 if it does not.
    static func number(of document: [UInt8]) -> UInt64 {
        let digits = document.dropFirst(#"{"copy":"#.utf8.count).prefix { (0x30...0x39).contains($0) }
        return UInt64(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    /// The text of a field; empty if there is none.
    func text(_ name: String) -> String { value(name).flatMap { JSONText.string($0) } ?? "" }

    /// The integer of a field; `nil` if there is none.
    func number(_ name: String) -> Int64? { value(name).flatMap { Int64(String(decoding: $0, as: UTF8.self)) } }

    func has(_ name: String) -> Bool { value(name) != nil }

    /// The document on one line, with or without the payloads that may be in it.
    func json(withPayloads: Bool) -> [UInt8] {
        if withPayloads || !Self.payloadFields.contains(where: has) {
            var line: [UInt8] = []
            line.appendJSONOnOneLine(document)
            return line
        }
        var json: [UInt8] = [UInt8(ascii: "{")]
        for member in members where !Self.payloadFields.contains(member.key) {
            if json.count > 1 { json.append(",") }
            json.appendJSONString(member.key)
            json.append(":")
            json.appendJSONOnOneLine(member.value)
        }
        return json + [UInt8(ascii: "}")]
    }

    /// Whether it was published without the payloads it has.
    var lacksPayloads: Bool {
        ((number("payload_bytes") ?? 0) > 0 && !has("payload")) || ((number("answer_bytes") ?? 0) > 0 && !has("answer"))
    }

    /// How far the request has come, in words.
    var progress: String {
        let failed = number("failed_attempts") ?? 0
        let before = failed == 0 ? "" : " after \(failed) failed attempt\(failed == 1 ? "" : "s")"
        let reason = text("reason")
        let words =
            switch text("progress") {
            case "waiting": "waiting\(before)"
            case "failed": number("status").map { "failed \($0)" } ?? "failed: \(reason)"
            case "result": "result \(number("status") ?? 0)"
            case "error": "\(text("error_code")): \(reason)"
            case "parked": "parked \(Double(number("after_ms") ?? 0) / 1000) s\(before)"
            case "dead_letter": "dead letter: \(reason)"
            case let other: other
            }
        let answer = text("queue_said")
        return answer.isEmpty ? words : "\(words), \(answer)"
    }

    private static let payloadFields: Set<String> = [
        "payload", "payload_encoding", "payload_cut", "answer", "answer_encoding", "answer_cut",
    ]

    private func value(_ name: String) -> Bytes? { members.last { $0.key == name }?.value }
}
