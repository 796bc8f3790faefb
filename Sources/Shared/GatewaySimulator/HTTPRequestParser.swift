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
        request.headers.contains { $0.name.isSameWord("expect") && $0.value.isSameWord("100-continue") }
    }

    private mutating func readHead() throws(HTTPParseError) {
        guard let end = endOfHead() else {
            guard bytes.count - start <= Self.maxHead else {
                throw HTTPParseError(status: 431, reason: "head above \(Self.maxHead) bytes")
            }
            return
        }
        let lines = Self.lines(bytes[start..<end - 4])
        let requestLine = (lines.first ?? []).split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard requestLine.count == 3, requestLine[2].hasPrefix("HTTP/1.") else {
            throw HTTPParseError(status: 400, reason: "no request line")
        }
        let headers = try lines.dropFirst().map(Self.header)
        let request = HTTPRequest(
            method: requestLine[0], target: requestLine[1], headers: headers,
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

    /// The lines of a head, without their ends.
    private static func lines(_ head: Bytes) -> [Bytes] {
        head.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.last == 0x0D ? $0.dropLast() : $0 }
    }

    private static func header(_ line: Bytes) throws(HTTPParseError) -> HeaderField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            throw HTTPParseError(status: 400, reason: "header without a name")
        }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let value = line[(colon + 1)...].drop(while: isSpace)
        let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? value.startIndex
        return HeaderField(
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value[..<end], as: UTF8.self))
    }

    private static func keepsAlive(version: String, _ headers: [HeaderField]) -> Bool {
        let connection = headers.first { $0.name.isSameWord("connection") }?.value ?? ""
        return version == "HTTP/1.0" ? connection.isSameWord("keep-alive") : !connection.isSameWord("close")
    }

    private static func length(_ headers: [HeaderField]) throws(HTTPParseError) -> Int {
        var length: Int?
        for header in headers {
            if header.name.isSameWord("transfer-encoding") {
                throw HTTPParseError(status: 411, reason: "chunked request bodies are not understood")
            }
            guard header.name.isSameWord("content-length") else { continue }
            guard let value = Int(header.value), value >= 0, length == nil || length == value else {
                throw HTTPParseError(status: 400, reason: "Content-Length \(header.value)")
            }
            length = value
        }
        guard length ?? 0 <= maxBody else { throw HTTPParseError(status: 413, reason: "body above \(maxBody) bytes") }
        return length ?? 0
    }
}

extension String {
    /// Whether two words are the same but for the case of ASCII letters, as names of headers are compared.
    func isSameWord(_ other: StaticString) -> Bool {
        let other = UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount)
        return utf8.count == other.count && utf8.elementsEqual(other) { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    /// An ASCII capital as a small letter; anything else as it is.
    var asciiLowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
