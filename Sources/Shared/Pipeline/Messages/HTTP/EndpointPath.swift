/// The path that a message's `endpoint` asks for.
enum EndpointPath {
    /// `endpoint` as an absolute path for a URL.
    ///
    /// Empty and `.` segments are dropped, `..` takes back the one before it, never more than there is; both are
    /// recognised percent-encoded too. A slash at the end stays. Percent-encoding stays as written; what a path may
    /// not hold, such as `?` and letters beyond ASCII, is encoded.
    static func clean(_ endpoint: String) throws(InvalidRequest) -> String {
        try check(endpoint)
        var segments: [Substring] = []
        for segment in endpoint.split(separator: "/") {
            switch segment.replacingEncodedDots {
            case ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        var path: [UInt8] = []
        for segment in segments {
            path.append(UInt8(ascii: "/"))
            for byte in segment.utf8 { append(byte, to: &path) }
        }
        if path.isEmpty || endpoint.utf8.last == UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
        return String(decoding: path, as: UTF8.self)
    }

    private static func check(_ endpoint: String) throws(InvalidRequest) {
        if endpoint.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
            throw InvalidRequest(
                "endpoint: expected a path, found a space, a backslash or a control character in \(quoted(endpoint))")
        }
        for piece in endpoint.utf8.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
        where piece.prefix(2).count(where: { hexValue($0) != nil }) != 2 {
            throw InvalidRequest("endpoint: expected two hexadecimal digits after each % in \(quoted(endpoint))")
        }
    }

    private static func append(_ byte: UInt8, to path: inout [UInt8]) {
        if isPlain(byte) {
            path.append(byte)
        } else {
            let digits = Array("0123456789ABCDEF".utf8)
            path += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
        }
    }

    /// Whether a byte stands for itself in a path.
    ///
    /// Source: RFC 3986, section 3.3 (pchar); `%` because encoding has been checked.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~!$&'()*+,;=:@%".utf8.contains(byte)
        }
    }
}

extension Substring {
    /// The segment with `%2e` as `.`, if it is short enough to be `.` or `..`.
    fileprivate var replacingEncodedDots: String {
        guard utf8.count <= 6 else { return String(self) }
        return lowercased().split(separator: "%2e", omittingEmptySubsequences: false).joined(separator: ".")
    }
}
