import Messages

/// The members of a JSON object, written one after the other.
struct TapFields {
    private var json: [UInt8] = [UInt8(ascii: "{")]

    init() { json.reserveCapacity(1024) }

    mutating func add(_ name: String, _ number: some BinaryInteger) {
        begin(name)
        json.append(contentsOf: String(number).utf8)
    }

    /// Long text is cut.
    mutating func add(_ name: String, _ text: String) {
        begin(name)
        json.appendJSONString(shortened(text))
    }

    /// As an object; the values of those that may be secrets are `***`.
    mutating func add(_ name: String, _ headers: [HeaderField]) {
        begin(name)
        json.append("{")
        for (index, field) in headers.enumerated() {
            if index > 0 { json.append(",") }
            json.appendJSONString(shortened(field.name, to: 256))
            json.append(":")
            json.appendJSONString(isSecret(header: field.name) ? "***" : shortened(field.value, to: 256))
        }
        json.append("}")
    }

    /// As text if it is UTF-8, otherwise as base64, with `<name>_encoding` to say so; `<name>_cut` if it is longer than
    /// `limit` bytes and only so many are shown.
    mutating func add(payload name: String, _ payload: Bytes, limit: Int) {
        let shown = payload.count > limit ? payload.prefix(limit) : payload
        let text = payload.count > limit ? withoutCutScalar(shown) : shown
        begin(name)
        if (try? UTF8Span(validating: text.span)) != nil {
            text.withUnsafeBufferPointer { json.appendJSONString(of: $0) }
        } else {
            json.append("\"")
            Base64.append(shown, to: &json)
            json.append("\"")
            add(name + "_encoding", "base64")
        }
        if payload.count > limit {
            begin(name + "_cut")
            json.append("true")
        }
    }

    func finished() -> [UInt8] { json + [UInt8(ascii: "}")] }

    private mutating func begin(_ name: String) {
        if json.count > 1 { json.append(",") }
        json.appendJSONString(name)
        json.append(":")
    }
}

/// `bytes` without the beginning of a UTF-8 sequence that their end cuts off.
private func withoutCutScalar(_ bytes: Bytes) -> Bytes {
    var end = bytes.endIndex
    for _ in 0..<3 where end > bytes.startIndex && bytes[end - 1] & 0xC0 == 0x80 { end -= 1 }
    guard end > bytes.startIndex, bytes[end - 1] >= 0xC0 else { return bytes }
    let first = bytes[end - 1]
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    return bytes.endIndex - (end - 1) < length ? bytes[..<(end - 1)] : bytes
}

/// Whether a header's name says that its value opens doors: credentials, cookies, keys, tokens.
func isSecret(header name: String) -> Bool {
    let name = name.lowercased()
    return ["auth", "cookie", "key", "token", "secret", "passw", "credential", "session", "signature"]
        .contains { name.contains($0) }
}
