/// A whole HTTP/1.1 answer.
struct HTTPAnswer: Equatable {
    var status: Int
    var body: [UInt8]
    /// Whether the server closes the connection after it.
    var isLast: Bool
}

/// Puts one answer together from the bytes of a connection.
///
/// Source: RFC 9112, sections 6.3 and 7.1; an answer that ends with its connection is not understood.
struct HTTPAnswerReader {
    private static let lineEnd = Array("\r\n".utf8)
    private var bytes: [UInt8] = []
    private var head: Head?

    private struct Head {
        var status: Int
        var isLast: Bool
        /// `nil` for chunks.
        var length: Int?
        /// Where the body begins.
        var end: Int
    }

    /// - Returns: the answer when these were its last bytes.
    mutating func read(_ more: some Collection<UInt8>) throws(ServerFailure) -> HTTPAnswer? {
        bytes += more
        if head == nil { head = try readHead() }
        guard let head else { return nil }
        guard let length = head.length else { return try body(from: head.end).map { answer(head, $0) } }
        guard bytes.count >= head.end + length else { return nil }
        return answer(head, Array(bytes[head.end..<head.end + length]))
    }

    private func answer(_ head: Head, _ body: [UInt8]) -> HTTPAnswer {
        HTTPAnswer(status: head.status, body: body, isLast: head.isLast)
    }

    private func readHead() throws(ServerFailure) -> Head? {
        guard let end = bytes.firstRange(of: Self.lineEnd + Self.lineEnd) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw broken("\(lines.first ?? "")")
        }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw broken("\(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = value.lowercased()
        }
        let isLast = fields["connection"] == "close"
        if fields["transfer-encoding"] == "chunked" {
            return Head(status: status, isLast: isLast, length: nil, end: end.upperBound)
        }
        guard let length = fields["content-length"].flatMap({ Int($0) }), length >= 0 else {
            throw broken("no length")
        }
        return Head(status: status, isLast: isLast, length: length, end: end.upperBound)
    }

    /// The body in chunks; `nil` while its end has not come.
    private func body(from start: Int) throws(ServerFailure) -> [UInt8]? {
        var body: [UInt8] = []
        var place = start
        while let line = bytes[place...].firstRange(of: Self.lineEnd) {
            let digits = bytes[place..<line.lowerBound].prefix { $0 != UInt8(ascii: ";") }
            let size = String(decoding: digits, as: UTF8.self)
            guard let count = Int(size, radix: 16), count >= 0 else { throw broken("chunk of \(size)") }
            let end = line.upperBound + count + Self.lineEnd.count
            // Without trailers, the last chunk is empty, and so is the line behind it.
            guard bytes.count >= end else { return nil }
            if count == 0 { return body }
            body += bytes[line.upperBound..<line.upperBound + count]
            place = end
        }
        return nil
    }

    private func broken(_ what: String) -> ServerFailure {
        ServerFailure(operation: "read an HTTP answer", reason: what)
    }
}
