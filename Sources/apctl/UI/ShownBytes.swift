import Messages

/// Bytes as the page and a terminal show them: what is no text, or could not be seen or would change how the rest looks,
/// stands there as its code.
struct ShownBytes: Equatable {
    var text = ""
    /// Whether all of it is UTF-8.
    var isText = true
    /// Whether there is more.
    var isCut: Bool

    /// - Parameter most: Bytes that are shown.
    init(_ bytes: [UInt8], most: Int = 64 << 10) {
        isCut = bytes.count > most
        let shown = bytes.prefix(most)
        var parser = Unicode.UTF8.ForwardParser()
        var rest = shown.makeIterator()
        var place = shown.startIndex
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return
            case .valid(let encoded):
                place += encoded.count
                append(Unicode.UTF8.decode(encoded))
            case .error(let length):
                let end = min(place + length, shown.endIndex)
                for byte in shown[place..<end] { text += "\\x" + Self.hex(UInt32(byte), digits: 2) }
                place = end
                // Where it is cut there may be half a character.
                if !(isCut && end == shown.endIndex) { isText = false }
            }
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isHidden, scalar != "\n", scalar != "\t" {
            text += "\\u{\(Self.hex(scalar.value, digits: 4))}"
        } else {
            text.unicodeScalars.append(scalar)
        }
    }

    private static func hex(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
