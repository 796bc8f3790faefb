extension HeaderField {
    /// Source: RFC 9110, section 5.6.2 (tchar).
    private static let nameBytes = ByteSet.alphanumerics(and: "!#$%&'*+-.^_`|~")

    /// Throws unless HTTP allows the name and the value.
    ///
    /// Source: RFC 9110, sections 5.1 and 5.5.
    package func check() throws(InvalidRequest) {
        let allowed = Self.nameBytes
        if name.isEmpty || !name.utf8.allSatisfy(allowed.contains) {
            throw InvalidRequest("headers: \(quoted(name)) is not a header name")
        }
        if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw InvalidRequest("headers: the value of \(name) holds a control character")
        }
    }

    /// Whether two header names are the same, whatever their case.
    package func isNamed(_ other: String) -> Bool { isSameIgnoringCase(name.utf8, other.utf8) }
}
