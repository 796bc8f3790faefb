extension Bytes {
    /// The text behind a byte order mark, which some programs put before JSON although it says nothing in UTF-8.
    ///
    /// Source: RFC 8259, section 8.1, which lets a reader pass over it.
    package var withoutByteOrderMark: Bytes { starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self }
}

extension [UInt8] {
    /// Appends text that is ASCII and needs no escapes.
    package mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `text` as a JSON string, quotes included.
    package mutating func appendJSONString(_ text: String) {
        var text = text
        text.withUTF8 { appendJSONString(of: $0) }
    }

    /// Appends UTF-8 as a JSON string, quotes included: runs of plain bytes as they are, and `"`, `\` and control
    /// characters as escapes.
    package mutating func appendJSONString(of text: UnsafeBufferPointer<UInt8>) {
        let start = count
        append(contentsOf: repeatElement(UInt8(ascii: "\""), count: sizeAsJSONString(text)))
        let end = withUnsafeMutableBufferPointer { $0.write(text, at: start + 1) }
        self[end] = UInt8(ascii: "\"")
        removeLast(count - end - 1)
    }

    /// Appends JSON that has been checked, with line breaks as spaces: they can only stand between its tokens.
    package mutating func appendJSONOnOneLine(_ json: Bytes) {
        let start = endIndex
        append(contentsOf: json)
        for index in start..<endIndex where self[index] == 0x0A || self[index] == 0x0D { self[index] = 0x20 }
    }
}

/// Whether a byte does not stand for itself in a JSON string.
func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
}

/// How many bytes `text` has as a JSON string, with the quotes around it.
package func sizeAsJSONString(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var count = text.count + 2
    for byte in text {
        count &+= byte < 0x20 ? 5 : 0
        count &-= byte == 0x09 || byte == 0x0A || byte == 0x0D ? 4 : 0
        count &+= byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 1 : 0
    }
    return count
}

/// What follows the backslash where an escape has two bytes.
private func letter(of byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case 0x0A: UInt8(ascii: "n")
    case 0x0D: UInt8(ascii: "r")
    case 0x09: UInt8(ascii: "t")
    default: nil
    }
}

extension UnsafeMutableBufferPointer<UInt8> {
    /// Writes `text` with its escapes, for which there is room, and returns where they end.
    ///
    /// Eight bytes at a time: what a word has behind its first special byte is written over by what follows.
    fileprivate func write(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
        guard let source = UnsafeRawPointer(text.baseAddress), let sink = UnsafeMutableRawPointer(baseAddress) else {
            return start
        }
        var (index, end) = (0, start)
        while index < text.count {
            if index + 8 <= text.count {
                let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                sink.storeBytes(of: word, toByteOffset: end, as: UInt64.self)
                let plain = plainBytes(UInt64(littleEndian: word))
                (index, end) = (index + plain, end + plain)
                if plain == 8 { continue }
            }
            let byte = text[index]
            if needsEscape(byte) {
                end = writeEscape(of: byte, at: end)
            } else {
                self[end] = byte
                end += 1
            }
            index += 1
        }
        return end
    }

    /// Returns where to go on.
    fileprivate func writeEscape(of byte: UInt8, at start: Int) -> Int {
        self[start] = UInt8(ascii: "\\")
        if let letter = letter(of: byte) {
            self[start + 1] = letter
            return start + 2
        }
        self[start + 1] = UInt8(ascii: "u")
        self[start + 2] = UInt8(ascii: "0")
        self[start + 3] = UInt8(ascii: "0")
        self[start + 4] = hexDigit(byte >> 4)
        self[start + 5] = hexDigit(byte & 0xF)
        return start + 6
    }
}

/// The hexadecimal digit for a value below 16.
func hexDigit(_ value: UInt8, uppercase: Bool = false) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : (uppercase ? UInt8(ascii: "A") : UInt8(ascii: "a")) + value - 10
}
