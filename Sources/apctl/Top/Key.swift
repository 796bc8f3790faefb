/// A key that somebody has pressed.
enum Key: Equatable {
    case character(Character)
    case up, down, pageUp, pageDown, enter, escape, backspace
}

/// Makes keys of the bytes that a terminal sends.
///
/// Source: xterm, "Control Sequences", PC-style function keys.
struct KeyReader {
    /// What has come of a key of which more may come.
    private var begun: [UInt8] = []

    private static let escape: UInt8 = 0x1B
    private static let sequences: [String: Key] = [
        "[A": .up, "OA": .up, "[B": .down, "OB": .down, "[5~": .pageUp, "[6~": .pageDown,
    ]
    /// No sequence is longer.
    private static let longest = 16

    mutating func take(_ bytes: [UInt8]) -> [Key] {
        bytes.flatMap { take($0) }
    }

    /// Nothing has come for a while: an escape that stands alone is the key of that name.
    mutating func pause() -> [Key] {
        defer { begun = [] }
        return begun == [Self.escape] ? [.escape] : []
    }

    private mutating func take(_ byte: UInt8) -> [Key] {
        if begun.isEmpty {
            if byte == Self.escape {
                begun = [byte]
                return []
            }
            return Self.key(byte).map { [$0] } ?? []
        }
        // Twice the key.
        if byte == Self.escape, begun.count == 1 { return [.escape] }
        begun.append(byte)
        let isBegin = begun.count == 2 && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O"))
        let isMiddle = begun.count > 2 && !(0x40...0x7E).contains(byte) && begun.count < Self.longest
        if isBegin || isMiddle { return [] }
        defer { begun = [] }
        return Self.sequences[String(decoding: begun.dropFirst(), as: UTF8.self)].map { [$0] } ?? []
    }

    /// Of one byte; `nil` for one that means nothing here.
    private static func key(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x0A, 0x0D: .enter
        case 0x08, 0x7F: .backspace
        case 0x20...0x7E: .character(Character(UnicodeScalar(byte)))
        default: nil
        }
    }
}
