extension [UInt8] {
    /// Appends text that is ASCII and needs no escapes.
    package mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `text` as a JSON string, quotes included.
    package mutating func appendJSONString(_ text: String) {
        let written: Void? = text.utf8.withContiguousStorageIfAvailable { appendJSONString(of: $0) }
        if written == nil { appendJSONString(of: text.utf8) }
    }

    /// Appends UTF-8 as a JSON string, quotes included: runs of plain bytes as they are, and `"`, `\` and control
    /// characters as escapes.
    package mutating func appendJSONString<Text: Collection<UInt8>>(of text: Text) {
        append(UInt8(ascii: "\""))
        var run = text.startIndex
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            let next = text.index(after: index)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(contentsOf: text[run..<index])
                appendEscape(of: byte)
                run = next
            }
            index = next
        }
        append(contentsOf: text[run..<index])
        append(UInt8(ascii: "\""))
    }

    /// Appends JSON that has been checked, with line breaks as spaces: they can only stand between its tokens.
    package mutating func appendJSONOnOneLine(_ json: Bytes) {
        let start = endIndex
        append(contentsOf: json)
        for index in start..<endIndex where self[index] == 0x0A || self[index] == 0x0D { self[index] = 0x20 }
    }

    private mutating func appendEscape(of byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0D: append(UInt8(ascii: "r"))
        case 0x09: append(UInt8(ascii: "t"))
        default:
            append("u00")
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 0xF))
        }
    }
}

/// The hexadecimal digit for a value below 16.
func hexDigit(_ value: UInt8, uppercase: Bool = false) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : (uppercase ? UInt8(ascii: "A") : UInt8(ascii: "a")) + value - 10
}
