/// Base64 with the standard alphabet and padding.
///
/// Source: RFC 4648, section 4.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// The value of each byte of the alphabet; 0xFF for all others.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()
    private static let padding = UInt8(ascii: "=")

    /// How many letters stand for `count` bytes.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends `bytes` as base64 to `text`.
    package static func append(_ bytes: Bytes, to text: inout [UInt8]) {
        text.append(addingCapacity: encodedCount(bytes.count)) { output in
            alphabet.withUnsafeBufferPointer { alphabet in
                bytes.withUnsafeBufferPointer { encode($0, alphabet, to: &output) }
            }
        }
    }

    private static func encode(
        _ bytes: UnsafeBufferPointer<UInt8>, _ alphabet: UnsafeBufferPointer<UInt8>, to output: inout OutputSpan<UInt8>
    ) {
        let whole = bytes.count / 3 * 3
        for index in stride(from: 0, to: whole, by: 3) {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            output.append(alphabet[Int(group >> 18)])
            output.append(alphabet[Int(group >> 12 & 63)])
            output.append(alphabet[Int(group >> 6 & 63)])
            output.append(alphabet[Int(group & 63)])
        }
        guard whole < bytes.count else { return }
        let hasTwo = bytes.count - whole == 2
        let group = UInt32(bytes[whole]) << 16 | (hasTwo ? UInt32(bytes[whole + 1]) << 8 : 0)
        output.append(alphabet[Int(group >> 18)])
        output.append(alphabet[Int(group >> 12 & 63)])
        output.append(hasTwo ? alphabet[Int(group >> 6 & 63)] : padding)
        output.append(padding)
    }

    /// What `text` stands for; `nil` if it is not base64.
    ///
    /// Line breaks are skipped, as the Go system's producers may
    /// have them.
    package static func decode(_ text: Bytes) -> [UInt8]? {
        var isGood = true
        let bytes = [UInt8](capacity: text.count / 4 * 3 + 3) { output in
            values.withUnsafeBufferPointer { values in
                text.withUnsafeBufferPointer { isGood = decode($0, values, to: &output) }
            }
        }
        return isGood ? bytes : nil
    }

    /// - Returns: whether `text` is base64.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>, to output: inout OutputSpan<UInt8>
    ) -> Bool {
        var index = 0
        // Four letters at a time, as far as there is nothing else among them.
        while index + 4 <= text.count {
            let first = values[Int(text[index])]
            let second = values[Int(text[index + 1])]
            let third = values[Int(text[index + 2])]
            let fourth = values[Int(text[index + 3])]
            if (first | second | third | fourth) > 63 { break }
            output.append(first << 2 | second >> 4)
            output.append(second << 4 | third >> 2)
            output.append(third << 6 | fourth)
            index += 4
        }
        var group: UInt32 = 0
        var letters = 0
        var paddings = 0
        while index < text.count {
            let letter = text[index]
            index += 1
            if letter == 0x0A || letter == 0x0D { continue }
            let value = values[Int(letter)]
            if letter == padding {
                paddings += 1
            } else if value == 0xFF || paddings > 0 {
                return false
            }
            group = group << 6 | UInt32(value & 63)
            letters += 1
            if letters % 4 == 0 {
                output.append(UInt8(group >> 16 & 255))
                output.append(UInt8(group >> 8 & 255))
                output.append(UInt8(group & 255))
            }
        }
        guard letters % 4 == 0, paddings <= 2 else { return false }
        output.removeLast(paddings)
        return true
    }
}
