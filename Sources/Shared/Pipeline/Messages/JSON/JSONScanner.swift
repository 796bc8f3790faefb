/// Reads JSON front to back, once, without building anything: values are checked and skipped, or handed out as the
/// bytes they were written in.
///
/// Strict as RFC 8259 is, with three freedoms Go's decoder also takes: bytes above 0x7F inside strings need not be
/// UTF-8, `\u` escapes need not pair up as surrogates (both become U+FFFD when a string is decoded), and names may
/// repeat.
package struct JSONScanner {
    /// Containers inside each other, at most; a text nested deeper is refused.
    package static let maxDepth = 512

    let bytes: Bytes
    /// Index in `bytes` of what is read next.
    var position: Int

    package init(_ bytes: Bytes) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    /// Throws unless `bytes` are one JSON value with nothing but white space around it.
    package static func check(_ bytes: Bytes) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        try scanner.skipValue()
        try scanner.finish()
    }

    /// Throws unless only white space is left.
    package mutating func finish() throws(JSONError) {
        skipWhiteSpace()
        if position < bytes.endIndex { throw unexpected("end of the text") }
    }

    /// The kind of the value that comes next; nothing is read but white space.
    package mutating func nextKind() throws(JSONError) -> JSONKind {
        skipWhiteSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return .number
        default: throw unexpected("a value")
        }
    }

    /// Checks and skips the next value, and says which bytes it took.
    ///
    /// - Parameter depth: containers that are open around it.
    @discardableResult
    package mutating func skipValue(depth: Int = 0) throws(JSONError) -> Range<Int> {
        let kind = try nextKind()
        let start = position
        switch kind {
        case .object:
            try readObject(depth: depth) { (scanner, _) throws(JSONError) in try scanner.skipValue(depth: depth + 1) }
        case .array:
            try readArray(depth: depth) { (scanner) throws(JSONError) in try scanner.skipValue(depth: depth + 1) }
        case .string: try readString()
        case .number: try readNumber()
        case .boolean: try skipWord(peek == UInt8(ascii: "t") ? "true" : "false")
        case .null: try skipWord("null")
        }
        return start..<position
    }

    /// Reads the next value, an object: calls `member` with each name; it must read the value that follows.
    package mutating func readObject(
        depth: Int, _ member: (inout JSONScanner, JSONToken) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "{"), depth: depth)
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipWhiteSpace()
            let name = try readString()
            guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
            try member(&self, name)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
    }

    /// Checks and skips the next value, an object.
    ///
    /// - Returns: which bytes it took, and its member `name`, if that is a string; the last of that name counts.
    package mutating func skipObject(
        depth: Int, textOf name: StaticString
    ) throws(JSONError) -> (range: Range<Int>, text: JSONToken?) {
        skipWhiteSpace()
        let start = position
        var text: JSONToken?
        try readObject(depth: depth) { (scanner, found) throws(JSONError) in
            guard scanner.isPlain(found, name) else { return _ = try scanner.skipValue(depth: depth + 1) }
            if try scanner.nextKind() == .string {
                text = try scanner.readString()
            } else {
                text = nil
                try scanner.skipValue(depth: depth + 1)
            }
        }
        return (start..<position, text)
    }

    /// Whether a token is this text, written without escapes.
    private func isPlain(_ token: JSONToken, _ text: StaticString) -> Bool {
        guard token.range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { bytes[token.range].elementsEqual($0) }
    }

    /// Reads the next value, an array: calls `element` before each element, which it must read.
    package mutating func readArray(
        depth: Int, _ element: (inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "["), depth: depth)
        if take(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
    }

    private mutating func open(_ bracket: UInt8, depth: Int) throws(JSONError) {
        guard take(bracket) else { throw unexpected("an object or an array") }
        if depth >= Self.maxDepth { throw failure("nested deeper than \(Self.maxDepth)") }
    }

    private mutating func skipWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[index] else { throw unexpected("\(word)") }
            position += 1
        }
    }
}

// MARK: - One byte at a time

extension JSONScanner {
    /// The byte that comes next; `nil` at the end.
    var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    mutating func skipWhiteSpace() {
        while position < bytes.endIndex {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// Skips white space and then `byte`, if that is what follows; says whether it was.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipWhiteSpace()
        guard peek == byte else { return false }
        position += 1
        return true
    }

    func failure(_ reason: String) -> JSONError {
        JSONError(offset: position - bytes.startIndex, reason: reason)
    }

    func unexpected(_ wanted: String) -> JSONError {
        guard let byte = peek else { return failure("the text ends where \(wanted) should stand") }
        let found = (0x21...0x7E).contains(byte) ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
        return failure("\(found) where \(wanted) should stand")
    }
}
