package import Messages

/// Takes JSON apart where it stands: values are slices of the document, never decoded and written again.
package enum JSONText {
    /// A member of an object; the slice keeps its place in the document.
    package struct Member: Equatable {
        package var key: String
        package var value: Bytes
    }

    /// The members of `document` in order, when it is one valid object; `nil` otherwise.
    package static func members(of document: Bytes) -> [Member]? {
        var scanner = JSONScanner(document)
        var members: [Member] = []
        do throws(JSONError) {
            guard try scanner.nextKind() == .object else { return nil }
            try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
                let value = try scanner.skipValue(depth: 1)
                members.append(Member(key: scanner.text(of: name), value: document[value]))
            }
            try scanner.finish()
            return members
        } catch {
            return nil
        }
    }

    /// The elements of `value` in order, when it is an array; `nil` otherwise.
    ///
    /// The value must be valid JSON, as the members of a valid document are.
    package static func elements(of value: Bytes) -> [Bytes]? {
        guard value.first == UInt8(ascii: "[") else { return nil }
        var elements: [Bytes] = []
        var rest = value.dropFirst().dropLast()
        while true {
            var scanner = JSONScanner(rest)
            guard let range = try? scanner.skipValue(depth: 1) else { return elements }
            elements.append(rest[range])
            guard let comma = rest[range.upperBound...].firstIndex(of: UInt8(ascii: ",")) else { return elements }
            rest = rest[(comma + 1)...]
        }
    }

    /// The text of a string, escapes resolved; `nil` when `value` is anything else.
    package static func string(_ value: Bytes) -> String? {
        guard value.first == UInt8(ascii: "\"") else { return nil }
        var scanner = JSONScanner(value)
        guard let token = try? scanner.readString() else { return nil }
        return scanner.text(of: token)
    }

    /// `text` as a JSON string, quotes included.
    package static func literal(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        return String(decoding: bytes, as: UTF8.self)
    }
}
