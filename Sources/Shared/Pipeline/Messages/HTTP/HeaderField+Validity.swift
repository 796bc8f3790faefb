extension HeaderField {
    /// Throws unless HTTP allows the name and the value.
    ///
    /// Source: RFC 9110, sections 5.1 and 5.5.
    package func check() throws(InvalidRequest) {
        if name.isEmpty || !name.utf8.allSatisfy(isTokenByte) {
            throw InvalidRequest("headers: \(quoted(name)) is not a header name")
        }
        if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw InvalidRequest("headers: the value of \(name) holds a control character")
        }
    }

    /// Whether two header names are the same, whatever their case.
    package func isNamed(_ other: String) -> Bool {
        let (mine, theirs) = (name.utf8, other.utf8)
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { lowered($0) == lowered($1) }
    }
}

private func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

/// Source: RFC 9110, section 5.6.2 (tchar).
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
