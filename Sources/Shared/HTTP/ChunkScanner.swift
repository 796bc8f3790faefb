/// Follows the framing of a chunked body, to know where it ends and what it costs.
///
/// libcurl 7.88 decodes chunks, but reads an extension for as long as one comes, and drops what lies behind the last
/// chunk in its buffer without a word: the rest of that would be read as the next answer. This reads the same bytes with
/// the same grammar.
///
/// Source: RFC 9112, section 7.1; libcurl's lib/http_chunks.c.
struct ChunkScanner: Sendable, Equatable {
    /// Bytes of all extensions of one answer.
    static let maxExtensionBytes = 16 << 10
    /// Bytes of all trailers of one answer.
    static let maxTrailerBytes = 64 << 10
    /// Bytes of one: libcurl takes no more, and says that it is out of memory.
    static let maxBytesPerTrailer = 4000

    private enum Place: Sendable, Equatable {
        case size(digits: Int)
        case extensions
        case data(left: UInt64)
        case dataEnd
        /// Bytes of this line so far, without its end.
        case trailer(length: Int)
        case end
    }

    private var place = Place.size(digits: 0)
    private var size: UInt64 = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    /// Bytes up to the end.
    private(set) var byteCount: UInt64 = 0
    /// Bytes that came behind it.
    private(set) var surplus = 0

    var isAtEnd: Bool { place == .end }

    /// Takes the next bytes of the body as they came.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(AnswerHead.Problem) {
        var rest = bytes[...]
        while let byte = rest.first {
            if case .data(let left) = place {
                let count = Int(min(UInt64(rest.count), left))
                byteCount &+= UInt64(count)
                rest = rest.dropFirst(count)
                place = left == UInt64(count) ? .dataEnd : .data(left: left - UInt64(count))
                continue
            }
            if case .end = place {
                surplus += rest.count
                return
            }
            rest.removeFirst()
            byteCount &+= 1
            try take(byte)
        }
    }

    private mutating func take(_ byte: UInt8) throws(AnswerHead.Problem) {
        switch place {
        case .size(let digits):
            if let value = hexadecimal(byte) {
                guard digits < 16 else { throw broken("a chunk's size has more than 16 digits") }
                size = size << 4 | value
                place = .size(digits: digits + 1)
            } else {
                guard digits > 0 else { throw broken("a chunk has no size") }
                place = .extensions
                try take(byte)
            }
        case .extensions:
            guard byte == 0x0A else {
                extensionBytes += 1
                guard extensionBytes <= Self.maxExtensionBytes else {
                    throw tooLarge("chunk extensions are larger than \(Self.maxExtensionBytes) bytes")
                }
                return
            }
            // The carriage return of each line is no extension.
            extensionBytes = max(0, extensionBytes - 1)
            place = size == 0 ? .trailer(length: 0) : .data(left: size)
            size = 0
        case .dataEnd:
            if byte == 0x0A {
                place = .size(digits: 0)
            } else if byte != 0x0D {
                throw broken("a chunk is longer than its size")
            }
        case .trailer(let length):
            try takeTrailer(byte, length)
        case .data, .end: break
        }
    }

    private mutating func takeTrailer(_ byte: UInt8, _ length: Int) throws(AnswerHead.Problem) {
        trailerBytes += 1
        guard trailerBytes <= Self.maxTrailerBytes else {
            throw tooLarge("trailers are larger than \(Self.maxTrailerBytes) bytes")
        }
        if byte == 0x0A {
            place = length == 0 ? .end : .trailer(length: 0)
        } else if byte != 0x0D {
            guard length < Self.maxBytesPerTrailer else {
                throw tooLarge("a trailer is larger than \(Self.maxBytesPerTrailer) bytes")
            }
            place = .trailer(length: length + 1)
        }
    }

    private func tooLarge(_ reason: String) -> AnswerHead.Problem {
        AnswerHead.Problem(kind: .responseTooLarge, reason: reason)
    }

    private func broken(_ reason: String) -> AnswerHead.Problem {
        AnswerHead.Problem(kind: .connectionLost, reason: reason)
    }
}

private func hexadecimal(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x41...0x46: UInt64(byte - 0x41 + 10)
    case 0x61...0x66: UInt64(byte - 0x61 + 10)
    default: nil
    }
}
