import Messages

/// A request cut out of a connection's bytes.
struct HTTPRequest: Equatable {
    var method: String
    var target: String
    var headers: [HeaderField]
    var body: [UInt8] = []
    /// Whether the connection can serve another request after this one.
    var keepsAlive: Bool
}

/// What a client sent that cannot be understood, as the status it is answered with.
struct HTTPParseError: Error, Equatable {
    var status: Int
    var reason: String
}

/// Reads HTTP/1.1 requests from bytes that come in pieces: request line, headers, a body of `Content-Length` bytes.
///
/// Chunked request bodies are refused (411): libcurl sends `Content-Length` for bodies it has in memory.
/// Source: RFC 9112, sections 3, 5 and 6.
struct HTTPRequestParser {
    enum Step: Equatable {
        case needsMore
        /// The client waits for leave to send the body (`Expect: 100-continue`); answered once per request.
        case wantsContinue
        case request(HTTPRequest)
    }

    static let maxHead = 256 << 10
    static let maxBody = 512 << 20

    private var bytes: [UInt8] = []
    /// Where the request being read starts.
    private var start = 0
    /// How far `bytes` was searched for the end of the head.
    private var searched = 0
    private var head: (request: HTTPRequest, end: Int, length: Int)?
    private var continued = false

    mutating func append(_ new: some Collection<UInt8>) {
        if start > 0, start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            (start, searched) = (0, 0)
        }
        bytes.append(contentsOf: new)
    }

    /// The next step; call again until it needs more.
    mutating func next() throws(HTTPParseError) -> Step {
        if head == nil { try readHead() }
        guard let (head, end, length) = head else { return .needsMore }
        guard bytes.count - end >= length else {
            if !continued, wantsContinue(head) {
                continued = true
                return .wantsContinue
            }
            return .needsMore
        }
        var request = head
        request.body = Array(bytes[end..<end + length])
        start = end + length
        searched = start
        self.head = nil
        continued = false
        compact()
        return .request(request)
    }

    private mutating func compact() {
        guard start > 64 << 10 else { return }
        bytes.removeFirst(start)
        (start, searched) = (0, 0)
    }

    private func wantsContinue(_ request: HTTPRequest) -> Bool {
        request.headers.contains { $0.name.lowercased() == "expect" && $0.value.lowercased() == "100-continue" }
    }

    private mutating func readHead() throws(HTTPParseError) {
        guard let end = endOfHead() else {
            guard bytes.count - start <= Self.maxHead else {
                throw HTTPParseError(status: 431, reason: "head above \(Self.maxHead) bytes")
            }
            return
        }
        let text = String(decoding: bytes[start..<end - 4], as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let requestLine = lines.removeFirst().split(separator: " ")
        guard requestLine.count == 3, requestLine[2].hasPrefix("HTTP/1.") else {
            throw HTTPParseError(status: 400, reason: "no request line")
        }
        let headers = try lines.map(Self.header)
        let request = HTTPRequest(
            method: String(requestLine[0]), target: String(requestLine[1]), headers: headers,
            keepsAlive: Self.keepsAlive(version: requestLine[2], headers))
        head = (request, end, try Self.length(headers))
    }

    private mutating func endOfHead() -> Int? {
        var index = max(start, searched - 3)
        while index + 4 <= bytes.count {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        searched = bytes.count
        return nil
    }

    private static func header(_ line: Substring) throws(HTTPParseError) -> HeaderField {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
            throw HTTPParseError(status: 400, reason: "header without a name")
        }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let end = value.lastIndex { $0 != " " && $0 != "\t" }.map { value.index(after: $0) } ?? value.startIndex
        return HeaderField(String(line[..<colon]), String(value[..<end]))
    }

    private static func keepsAlive(version: Substring, _ headers: [HeaderField]) -> Bool {
        let connection = headers.first { $0.name.lowercased() == "connection" }?.value.lowercased()
        return version == "HTTP/1.0" ? connection == "keep-alive" : connection != "close"
    }

    private static func length(_ headers: [HeaderField]) throws(HTTPParseError) -> Int {
        var length: Int?
        for header in headers {
            switch header.name.lowercased() {
            case "transfer-encoding":
                throw HTTPParseError(status: 411, reason: "chunked request bodies are not understood")
            case "content-length":
                guard let value = Int(header.value), value >= 0, length == nil || length == value else {
                    throw HTTPParseError(status: 400, reason: "Content-Length \(header.value)")
                }
                length = value
            default: break
            }
        }
        guard length ?? 0 <= maxBody else { throw HTTPParseError(status: 413, reason: "body above \(maxBody) bytes") }
        return length ?? 0
    }
}
