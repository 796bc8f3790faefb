/// A set of ASCII bytes.
struct ByteSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The bytes of `text`, and all letters and digits.
    static func alphanumerics(and text: StaticString) -> ByteSet {
        var set = ByteSet()
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { set.insert(byte) }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { set.insert(byte) }
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { set.insert(byte) }
        for index in 0..<text.utf8CodeUnitCount { set.insert(text.utf8Start[index]) }
        return set
    }

    private mutating func insert(_ byte: UInt8) {
        if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
    }

    func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<64: low >> UInt64(byte) & 1 == 1
        case 64..<128: high >> UInt64(byte - 64) & 1 == 1
        default: false
        }
    }
}

/// The byte, with A to Z as a to z.
func lowercased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

/// Whether two texts differ at most in the case of the letters A to Z.
func isSameIgnoringCase(_ text: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
    text.count == other.count && zip(text, other).allSatisfy { lowercased($0) == lowercased($1) }
}
