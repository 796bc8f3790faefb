import Foundation

/// The first line of a request, and its headers.
///
/// Source: RFC 9112, sections 2, 3, 5 and 6.
package struct RequestHead: Equatable, Sendable {
    /// What is known of a request after some of its bytes.
    enum Reading: Equatable {
        case incomplete
        case complete(RequestHead, body: [UInt8])
        /// Not HTTP/1, or too long.
        case refused
    }

    /// Bytes of the first line, at most: the longest id for `/where`, each of its bytes percent-encoded.
    static let longestLine = 3 * (64 << 10) + 1024
    /// Bytes of all headers, at most.
    static let longest = 8192

    package var method: String
    /// Without query.
    package var path: String
    /// As it was sent, without the `?`; empty without one.
    package var query = ""
    /// By their names in small letters; those that are repeated stand behind each other, with commas.
    package var headers: [String: String] = [:]

    /// The value of a parameter of the query, its percent-encoding undone; `nil` without it.
    func parameter(_ name: String) -> String? {
        for field in query.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]).removingPercentEncoding }
        }
        return nil
    }

    /// - Parameter longestBody: Bytes; `nil`: what follows the headers is not looked at.
    static func read(_ bytes: [UInt8], longestBody: Int? = nil) -> Reading {
        var end = HeadersEnd()
        return read(bytes, &end, longestBody: longestBody)
    }

    /// The same of bytes that come bit by bit.
    ///
    /// - Parameter headersEnd: what is known of the bytes before.
    static func read(_ bytes: [UInt8], _ headersEnd: inout HeadersEnd, longestBody: Int?) -> Reading {
        guard let end = headersEnd.find(in: bytes) else { return headersEnd.isTooFar ? .refused : .incomplete }
        let line = bytes[..<end.headers].prefix { $0 != 0x0D && $0 != 0x0A }
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].starts(with: "HTTP/1.".utf8), parts[1].first == UInt8(ascii: "/") else {
            return .refused
        }
        let path = parts[1].prefix { $0 != UInt8(ascii: "?") }
        let head = RequestHead(
            method: String(decoding: parts[0], as: UTF8.self), path: String(decoding: path, as: UTF8.self),
            query: String(decoding: parts[1].dropFirst(path.count + 1), as: UTF8.self),
            headers: headers(in: bytes[line.endIndex..<end.headers]))
        guard let longestBody else { return .complete(head, body: []) }
        guard let length = head.bodyLength, length <= longestBody else { return .refused }
        let body = bytes[end.all...].prefix(length)
        return body.count < length ? .incomplete : .complete(head, body: Array(body))
    }

    /// Bytes of the body; `nil` where that is not said in one number.
    private var bodyLength: Int? {
        if headers["transfer-encoding"] != nil { return nil }
        guard let text = headers["content-length"] else { return 0 }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private static func headers(in lines: ArraySlice<UInt8>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in lines.split(separator: 0x0A) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            headers[name] = headers[name].map { "\($0), \(value)" } ?? value
        }
        return headers
    }
}
