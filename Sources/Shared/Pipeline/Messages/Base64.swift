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

    /// Appends `bytes` as base64 to `text`.
    package static func append(_ bytes: Bytes, to text: inout [UInt8]) {
        let alphabet = alphabet
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let count = min(3, bytes.endIndex - index)
            var group = UInt32(bytes[index]) << 16
            if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[index + 2]) }
            text.append(alphabet[Int(group >> 18)])
            text.append(alphabet[Int(group >> 12 & 63)])
            text.append(count > 1 ? alphabet[Int(group >> 6 & 63)] : padding)
            text.append(count > 2 ? alphabet[Int(group & 63)] : padding)
            index += count
        }
    }

    /// What `text` stands for; `nil` if it is not base64.
    ///
    /// Line breaks are skipped, as the Go system's producers may
    /// have them.
    package static func decode(_ text: Bytes) -> [UInt8]? {
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var letters = 0
        var paddings = 0
        for letter in text {
            if letter == 0x0A || letter == 0x0D { continue }
            let value = values[Int(letter)]
            if letter == padding {
                paddings += 1
            } else if value == 0xFF || paddings > 0 {
                return nil
            }
            group = group << 6 | UInt32(value & 63)
            letters += 1
            if letters % 4 == 0 {
                bytes.append(UInt8(group >> 16 & 255))
                bytes.append(UInt8(group >> 8 & 255))
                bytes.append(UInt8(group & 255))
            }
        }
        guard letters % 4 == 0, paddings <= 2 else { return nil }
        bytes.removeLast(paddings)
        return bytes
    }
}
