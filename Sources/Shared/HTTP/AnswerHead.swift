/// The heads of an answer as they come in, line by line: interim ones (1xx), the final one, and trailers.
///
/// libcurl reads the same lines, and mends what it can: of two lengths it takes the last, of `5, 7` the first, and any
/// server may say `HTTP/2`. What two readers may understand differently is refused here, since on a kept connection the
/// difference becomes the answer of somebody else.
///
/// Source: RFC 9112, sections 4 to 7; RFC 9110, section 15.
struct AnswerHead: Sendable, Equatable {
    /// Why an answer cannot be taken.
    struct Problem: Error, Sendable, Equatable {
        var kind: HTTPError.Kind
        var reason: String
    }

    /// Bytes of all heads and trailers of one answer; a line has 100 KiB at most in libcurl 7.88.
    static let maxBytes = 256 << 10

    /// Whether the connection speaks HTTP/2: libcurl then writes the lines itself, and frames say where answers end.
    let isHTTP2: Bool
    /// Of the head that is being read or was read last; 0 before its first line.
    private(set) var status = 0
    /// The final head is whole.
    private(set) var isComplete = false
    /// Bytes of all lines, line ends included.
    private(set) var byteCount = 0
    private(set) var contentLength: Int64?
    private(set) var isChunked = false
    /// Codings of the body in the order they were applied, in small letters, without `identity`.
    private(set) var codings: [String] = []
    /// The framing is clear enough to read this answer, but not for another one after it.
    private(set) var mustBeLast = false
    /// It says HTTP/2 where HTTP/1.1 is spoken.
    private(set) var liesAboutVersion = false

    private var isInHead = false
    private var isHTTP10 = false
    private var lastFieldFrames = false

    init(isHTTP2: Bool) { self.isHTTP2 = isHTTP2 }

    /// Whether the answer ends with its head, whatever the head says about a length.
    var hasNoBody: Bool { status == 204 || status == 304 || (contentLength == 0 && !isChunked) }

    /// Takes the next line, its end included.
    mutating func take(_ line: UnsafeRawBufferPointer) throws(Problem) {
        byteCount += line.count
        if byteCount > Self.maxBytes {
            throw Problem(kind: .responseTooLarge, reason: "the headers are larger than \(Self.maxBytes) bytes")
        }
        if isComplete { return }
        var text = line[...]
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        if !isInHead {
            try begin(text)
        } else if text.isEmpty {
            try end()
        } else {
            try takeField(text)
        }
    }

    private mutating func begin(_ line: Slice<UnsafeRawBufferPointer>) throws(Problem) {
        isInHead = true
        lastFieldFrames = false
        (contentLength, isChunked, codings) = (nil, false, [])
        let version: StaticString = isHTTP2 ? "HTTP/2" : "HTTP/1."
        guard starts(line, with: version) else {
            liesAboutVersion = !isHTTP2 && starts(line, with: "HTTP/")
            throw unclear("the answer does not begin with an HTTP/1.1 status line")
        }
        let rest = line.dropFirst(version.utf8CodeUnitCount)
        let minor = isHTTP2 ? nil : rest.first
        let digits = (isHTTP2 ? rest : rest.dropFirst()).dropFirst().prefix(3)
        let separator = isHTTP2 ? rest.first : rest.dropFirst().first
        let end = digits.endIndex < line.endIndex ? line[digits.endIndex] : 0x20
        guard isHTTP2 || minor == 0x30 || minor == 0x31, separator == 0x20, end == 0x20, digits.count == 3,
            digits.allSatisfy(isDigit)
        else { throw unclear("the status line makes no sense") }
        status = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard status >= 100 else { throw unclear("\(status) is no status") }
        if status == 101 { throw unclear("the gateway changed the protocol, which nobody had asked for") }
        isHTTP10 = minor == 0x30
    }

    private mutating func takeField(_ line: Slice<UnsafeRawBufferPointer>) throws(Problem) {
        if isHTTP2, !starts(line, with: "content-encoding") { return }
        guard line.first != 0x20, line.first != 0x09 else {
            // A value that goes on in the next line: harmless, where the value says nothing about the framing.
            if lastFieldFrames { throw unclear("a header that says where the answer ends goes on in a second line") }
            return
        }
        lastFieldFrames = false
        guard let colon = line.firstIndex(of: 0x3A) else { return }
        let name = trimmed(line[..<colon])
        let kind: Field
        switch name.count {
        case 14 where isSame(name, "content-length"): kind = .length
        case 17 where isSame(name, "transfer-encoding"): kind = .transfer
        case 16 where isSame(name, "content-encoding"): kind = .coding
        default: return
        }
        guard name.endIndex == colon else { throw unclear("white space stands between a header's name and its colon") }
        lastFieldFrames = true
        // What an interim head says about a body is about none.
        if status < 200 { return }
        let value = trimmed(line[line.index(after: colon)...])
        switch kind {
        case .length: try takeLength(value)
        case .transfer: try takeTransferCoding(value)
        case .coding: codings += listed(value).filter { $0 != "identity" }
        }
    }

    private enum Field { case length, transfer, coding }

    private mutating func takeLength(_ value: Slice<UnsafeRawBufferPointer>) throws(Problem) {
        for item in value.split(separator: 0x2C, omittingEmptySubsequences: false) {
            let digits = trimmed(item)
            guard !digits.isEmpty, digits.allSatisfy(isDigit), let length = number(digits) else {
                throw unclear("the Content-Length is no number")
            }
            if let contentLength, contentLength != length { throw unclear("there are two different Content-Length") }
            contentLength = length
        }
    }

    private mutating func takeTransferCoding(_ value: Slice<UnsafeRawBufferPointer>) throws(Problem) {
        let names = listed(value)
        guard !isChunked, names == ["chunked"] else {
            let shown = String((names.isEmpty ? "nothing" : names.joined(separator: ", ")).prefix(100))
            throw Problem(kind: .undecodable, reason: "it has the Transfer-Encoding \(shown), which is not understood")
        }
        isChunked = true
    }

    private mutating func end() throws(Problem) {
        isInHead = false
        guard status >= 200 else { return }
        isComplete = true
        // One of the two is wrong. RFC 9112, section 6.3, lets the chunks count, and the connection end.
        if isChunked, contentLength != nil || isHTTP10 { mustBeLast = true }
    }

    private func unclear(_ reason: String) -> Problem { Problem(kind: .connectionLost, reason: reason) }
}

// MARK: - Bytes of a line

private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

private func starts(_ line: Slice<UnsafeRawBufferPointer>, with text: StaticString) -> Bool {
    isSame(line.prefix(text.utf8CodeUnitCount), text)
}

/// Whatever the case of ASCII letters.
private func isSame(_ bytes: Slice<UnsafeRawBufferPointer>, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    var place = text.utf8Start
    for byte in bytes {
        if small(byte) != small(place.pointee) { return false }
        place += 1
    }
    return true
}

private func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

private func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    var bytes = bytes
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    return bytes
}

/// The items of a list in small letters, without empty ones.
private func listed(_ value: Slice<UnsafeRawBufferPointer>) -> [String] {
    value.split(separator: 0x2C).map(trimmed).filter { !$0.isEmpty }
        .map { String(decoding: $0.map(small), as: UTF8.self) }
}

/// `Int64.max` for what is larger.
private func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
        let (tenfold, isTooMuch) = value.multipliedReportingOverflow(by: 10)
        let (sum, isStillTooMuch) = tenfold.addingReportingOverflow(Int64(digit - 0x30))
        if isTooMuch || isStillTooMuch { return .max }
        value = sum
    }
    return value
}
