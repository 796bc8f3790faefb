import Foundation

/// The first line of a request to the status port; whatever follows it is not looked at.
///
/// Source: RFC 9112, sections 2 and 3.
struct RequestHead: Equatable {
    /// What is known of a request after some of its bytes.
    enum Reading: Equatable {
        case incomplete
        case complete(RequestHead)
        /// Not HTTP/1, or too long.
        case refused
    }

    /// Bytes of the first line and all headers, at most.
    static let longest = 8192

    var method: String
    /// Without query.
    var path: String
    /// As it was sent, without the `?`; empty without one.
    var query = ""

    /// The value of a parameter of the query, its percent-encoding undone; `nil` without it.
    func parameter(_ name: String) -> String? {
        for field in query.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]).removingPercentEncoding }
        }
        return nil
    }

    static func read(_ bytes: [UInt8]) -> Reading {
        guard let end = end(of: bytes) else { return bytes.count < longest ? .incomplete : .refused }
        let line = bytes[..<end].prefix { $0 != 0x0D && $0 != 0x0A }
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].starts(with: "HTTP/1.".utf8), parts[1].first == UInt8(ascii: "/") else {
            return .refused
        }
        let path = parts[1].prefix { $0 != UInt8(ascii: "?") }
        return .complete(
            RequestHead(
                method: String(decoding: parts[0], as: UTF8.self), path: String(decoding: path, as: UTF8.self),
                query: String(decoding: parts[1].dropFirst(path.count + 1), as: UTF8.self)))
    }

    /// Where the empty line is that ends the headers; a lone LF ends a line too, section 2.2.
    private static func end(of bytes: [UInt8]) -> Int? {
        var lineStart = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A {
            let line = bytes[lineStart..<index]
            if lineStart > 0, line.isEmpty || (line.count == 1 && line.first == 0x0D) { return lineStart }
            lineStart = index + 1
        }
        return nil
    }
}
