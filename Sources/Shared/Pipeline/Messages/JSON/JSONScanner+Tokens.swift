/// Where a string or a number stands in the scanner's bytes.
package struct JSONToken: Sendable {
    /// Indices of the text: a string's without its quotes.
    package let range: Range<Int>
    /// Whether a string has `\` escapes in it, so that its text differs from its bytes.
    package let hasEscapes: Bool
}

extension JSONScanner {
    /// Reads the string at `position`, which must be at its opening quote.
    @discardableResult
    package mutating func readString() throws(JSONError) -> JSONToken {
        guard peek == UInt8(ascii: "\"") else { throw unexpected("a string") }
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlainText()
            switch peek {
            case UInt8(ascii: "\""):
                position += 1
                return JSONToken(range: start..<position - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case nil: throw failure("the text ends inside a string")
            default: throw failure("control character in a string")
            }
        }
    }

    private mutating func skipPlainText() {
        let offset = position - bytes.startIndex
        position = bytes.startIndex + bytes.withUnsafeBufferPointer { $0.endOfPlainText(from: offset) }
    }

    /// Skips one escape: a backslash and what follows.
    private mutating func skipEscape() throws(JSONError) {
        position += 1
        switch peek {
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                position += 1
                guard let byte = peek, hexValue(byte) != nil else { throw unexpected("a hexadecimal digit") }
            }
        case let byte? where simpleEscape(byte) != nil:
            break
        default:
            throw unexpected("an escape")
        }
        position += 1
    }

    /// Reads the number at `position`.
    @discardableResult
    package mutating func readNumber() throws(JSONError) -> JSONToken {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        return JSONToken(range: start..<position, hasEscapes: false)
    }

    /// Skips digits, at least one.
    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while let byte = peek, isDigit(byte) { position += 1 }
        if position == start { throw unexpected("a digit") }
    }

    /// A token's text; what is not UTF-8 becomes U+FFFD.
    package func text(of token: JSONToken) -> String {
        String(decoding: contents(of: token), as: UTF8.self)
    }

    /// A token's text, if it is text: `nil` where a byte is not of UTF-8 or an escape is half of a surrogate pair, for
    /// which U+FFFD would have to stand.
    package func exactText(of token: JSONToken) -> String? {
        let contents = contents(of: token)
        guard let valid = try? UTF8Span(validating: contents.span) else { return nil }
        let text = String(copying: valid)
        // Half a pair becomes U+FFFD when escapes are resolved; one that was written as such is text.
        guard token.hasEscapes, text.unicodeScalars.contains("\u{FFFD}") else { return text }
        return halfPairs(in: bytes[token.range]) ? nil : text
    }

    /// A token's text as bytes, escapes resolved: a piece of the input itself if there are none.
    package func contents(of token: JSONToken) -> Bytes {
        token.hasEscapes ? unescaped(bytes[token.range])[...] : bytes[token.range]
    }
}

// MARK: - Escapes

/// The bytes a string stands for; its escapes have been checked.
private func unescaped(_ text: Bytes) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
        let byte = text[index]
        index += 1
        guard byte == UInt8(ascii: "\\") else {
            result.append(byte)
            continue
        }
        let letter = text[index]
        index += 1
        if let simple = simpleEscape(letter) {
            result.append(simple)
        } else {
            result.append(contentsOf: String(readScalar(text, at: &index)).utf8)
        }
    }
    return result
}

/// Whether an escape in `text` stands for half of a surrogate pair; its escapes have been checked.
private func halfPairs(in text: Bytes) -> Bool {
    var index = text.startIndex
    while index < text.endIndex {
        guard text[index] == UInt8(ascii: "\\") else {
            index += 1
            continue
        }
        index += 2
        guard text[index - 1] == UInt8(ascii: "u") else { continue }
        let first = readUnit(text[index...], at: &index)
        guard UTF16.isLeadSurrogate(first) || UTF16.isTrailSurrogate(first) else { continue }
        guard UTF16.isLeadSurrogate(first), text[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
        else { return true }
        index += 2
        if !UTF16.isTrailSurrogate(readUnit(text[index...], at: &index)) { return true }
    }
    return false
}

/// The scalar of the `\u` escape whose four digits stand at `index`, and of the low surrogate after it if there is one.
private func readScalar(_ text: Bytes, at index: inout Int) -> Unicode.Scalar {
    let first = readUnit(text, at: &index)
    if UTF16.isLeadSurrogate(first), text[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        var next = index + 2
        let second = readUnit(text, at: &next)
        if UTF16.isTrailSurrogate(second) {
            index = next
            let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
            return Unicode.Scalar(value) ?? "\u{FFFD}"
        }
    }
    return Unicode.Scalar(first) ?? "\u{FFFD}"
}

private func readUnit(_ text: Bytes, at index: inout Int) -> UInt16 {
    defer { index += 4 }
    return text[index..<index + 4].reduce(0) { $0 << 4 | UInt16(hexValue($1) ?? 0) }
}

/// What a one-letter escape stands for; `nil` for other letters.
private func simpleEscape(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
}

/// The value of a hexadecimal digit; `nil` for other bytes.
func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
