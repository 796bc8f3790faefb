/// The path, and perhaps a query, that a message's `endpoint` asks for.
struct EndpointPath {
    /// Absolute.
    let path: String
    /// Without its `?`; empty for none.
    let query: String

    /// Reads `endpoint`, of which the first `?` begins the query.
    ///
    /// In the path, empty and `.` segments are dropped, `..` takes back the one before it, never more than there is; both
    /// are recognised percent-encoded too. A slash at the end stays. Percent-encoding stays as written, in path and query;
    /// what they may not hold, such as letters beyond ASCII, is encoded.
    /// - Throws: for what no URL can say, and for a fragment (`#`), which is never sent to a server.
    init(_ endpoint: String) throws(InvalidRequest) {
        try Self.check(endpoint)
        let bytes = endpoint.utf8
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
        path = Self.clean(bytes[..<(mark ?? bytes.endIndex)])
        guard let mark else {
            query = ""
            return
        }
        var encoded: [UInt8] = []
        for byte in bytes[mark...].dropFirst() { Self.append(byte, allowed: Self.queryBytes, to: &encoded) }
        query = String(decoding: encoded, as: UTF8.self)
    }

    private static func clean(_ endpoint: Substring.UTF8View) -> String {
        var segments: [Substring.UTF8View] = []
        for segment in endpoint.split(separator: slash) {
            switch dots(segment) {
            case 1: continue
            case 2: _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        var path: [UInt8] = []
        path.reserveCapacity(endpoint.count + 1)
        for segment in segments {
            path.append(slash)
            for byte in segment { append(byte, allowed: plainBytes, to: &path) }
        }
        if path.isEmpty || endpoint.last == slash { path.append(slash) }
        return String(decoding: path, as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")

    /// Bytes that stand for themselves in a path; `%` because encoding has been checked.
    ///
    /// Source: RFC 3986, section 3.3 (pchar).
    private static let plainBytes = ByteSet.alphanumerics(and: "-._~!$&'()*+,;=:@%")

    /// Bytes that stand for themselves in a query.
    ///
    /// Source: RFC 3986, section 3.4.
    private static let queryBytes = ByteSet.alphanumerics(and: "-._~!$&'()*+,;=:@%/?")

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
        if endpoint.utf8.contains(UInt8(ascii: "#")) {
            throw InvalidRequest(
                "endpoint: a fragment (#) makes no sense in \(quoted(endpoint)); write %23 for the sign")
        }
        var rest = endpoint.utf8[...]
        while let sign = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[sign...].dropFirst()
            guard rest.prefix(2).count(where: { hexValue($0) != nil }) == 2 else {
                throw InvalidRequest("endpoint: expected two hexadecimal digits after each % in \(quoted(endpoint))")
            }
        }
    }

    private static func append(_ byte: UInt8, allowed: ByteSet, to path: inout [UInt8]) {
        if allowed.contains(byte) {
            path.append(byte)
        } else {
            path.append(UInt8(ascii: "%"))
            path.append(hexDigit(byte >> 4, uppercase: true))
            path.append(hexDigit(byte & 0xF, uppercase: true))
        }
    }
}
