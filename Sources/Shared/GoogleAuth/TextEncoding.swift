import Messages

/// Base64 with the alphabet for URLs and without padding.
///
/// Source: RFC 4648, section 5; RFC 7515, section 2.
func base64URL(_ bytes: Bytes) -> String {
    var text: [UInt8] = []
    Base64.append(bytes, to: &text)
    let letters = text.lazy.filter { $0 != UInt8(ascii: "=") }.map { letter in
        switch letter {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: letter
        }
    }
    return String(decoding: Array(letters), as: UTF8.self)
}
