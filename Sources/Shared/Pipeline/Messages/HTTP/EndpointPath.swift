/// The path that a message's `endpoint` asks for.
enum EndpointPath {
    /// `endpoint` as an absolute path for a URL.
    ///
    /// Empty and `.` segments are dropped, `..` takes back the one before it, never more than there is; both are
    /// recognised percent-encoded too. A slash at the end stays. Percent-encoding stays as written; what a path may
    /// not hold, such as `?` and letters beyond ASCII, is encoded.
    static func clean(_ endpoint: String) throws(InvalidRequest) -> String {
        try check(endpoint)
        var segments: [Substring.UTF8View] = []
        for segment in endpoint.utf8.split(separator: slash) {
            switch dots(segment) {
            case 1: continue
            case 2: _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        var path: [UInt8] = []
        path.reserveCapacity(endpoint.utf8.count + 1)
        for segment in segments {
            path.append(slash)
            for byte in segment { append(byte, to: &path) }
        }
        if path.isEmpty || endpoint.utf8.last == slash { path.append(slash) }
        return String(decoding: path, as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")

    /// Bytes that stand for themselves in a path; `%` because encoding has been checked.
    ///
    /// Source: RFC 3986, section 3.3 (pchar).
    private static let plainBytes = ByteSet.alphanumerics(and: "-._~!$&'()*+,;=:@%")

    /// How many dots a segment consists of, percent-encoded ones included; `nil` if of anything else or more than two.
    private static func dots(_ segment: Substring.UTF8View) -> Int? {
        var rest = segment
        var count = 0
        while let byte = rest.first, count <= 2 {
            if byte == UInt8(ascii: ".") {
                rest.removeFirst()
            } else if isSameIgnoringCase(rest.prefix(3), "%2e".utf8) {
                rest.removeFirst(3)
            } else {
                return nil
            }
            count += 1
        }
        return count <= 2 ? count : nil
    }

    private static func check(_ endpoint: String) throws(InvalidRequest) {
        if endpoint.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
            throw InvalidRequest(
                "endpoint: expected a path, found a space, a backslash or a control character in \(quoted(endpoint))")
        }
        var rest = endpoint.utf8[...]
        while let sign = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[sign...].dropFirst()
            guard rest.prefix(2).count(where: { hexValue($0) != nil }) == 2 else {
                throw InvalidRequest("endpoint: expected two hexadecimal digits after each % in \(quoted(endpoint))")
            }
        }
    }

    private static func append(_ byte: UInt8, to path: inout [UInt8]) {
        if plainBytes.contains(byte) {
            path.append(byte)
        } else {
            path.append(UInt8(ascii: "%"))
            path.append(hexDigit(byte >> 4, uppercase: true))
            path.append(hexDigit(byte & 0xF, uppercase: true))
        }
    }
}
