/// The members of one JSON object, as runs of the bytes they were read from.
///
/// Nothing is decoded or changed.
package struct JSONObject {
    package struct Member {
        /// Between the quotes, escapes left in.
        package let name: Bytes
        package let value: Bytes
    }

    package let members: [Member]

    /// `nil` unless `bytes` are one JSON object and white space around it.
    package init?(_ bytes: Bytes) {
        var scanner = JSONScanner(bytes)
        var members: [Member] = []
        do throws(JSONError) {
            try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
                let value = try scanner.skipValue(depth: 1)
                members.append(Member(name: bytes[name.range], value: bytes[value]))
            }
            try scanner.finish()
        } catch {
            return nil
        }
        self.members = members
    }

    /// The value of the last member of that name.
    package subscript(_ name: String) -> Bytes? {
        members.last { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// `text` as a JSON string, quotes included.
    package static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        return bytes
    }
}
