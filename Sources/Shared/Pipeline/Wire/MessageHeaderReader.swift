import Messages

/// Reads the header of a message straight into an envelope, as the generated `WireMessageHeader` would; fields it does
/// not know are skipped.
///
/// Source: protobuf.dev, "Encoding".
struct MessageHeaderReader {
    private(set) var session: UInt64 = 0
    private(set) var number: UInt64 = 0
    private(set) var payloadLength: UInt64 = 0
    private(set) var envelope = Envelope(id: "", queue: "", receipt: Receipt([]))
    /// The name of a header whose value is still to come.
    private var name: String?

    /// - Parameter payloads: what follows the header: the request's payload, then the answer's body.
    /// - Throws: `WireError` if the header is malformed, or its `payload_length` is more than there is.
    init(_ header: Bytes, payloads: Bytes) throws(WireError) {
        var input = Input(header)
        var progress = ProgressFields.none
        while let (field, type) = try input.tag() { try read(field, type, &input, &progress) }
        guard session != 0 else { throw .field("session") }
        guard number != 0, WireRange.number.contains(number) else { throw .field("number") }
        guard payloadLength <= UInt64(payloads.count) else { throw .field("payload_length") }
        guard name == nil else { throw .field("headers") }
        let middle = payloads.startIndex + Int(payloadLength)
        envelope.payload = payloads[..<middle]
        envelope.progress = try progress.progress(body: payloads[middle...])
    }

    private mutating func read(
        _ field: UInt64, _ type: UInt8, _ input: inout Input, _ progress: inout ProgressFields
    ) throws(WireError) {
        switch (field, type) {
        case (1, 1): session = try input.fixed64()
        case (2, 1): number = try input.fixed64()
        case (3, 0): payloadLength = try input.varint()
        case (4, 2): envelope.id = try input.text(WireRange.name, "id")
        case (5, 2): envelope.queue = try input.text(WireRange.queue, "queue")
        case (6, 2): envelope.receipt = Receipt(Array(try input.bytes()))
        case (7, 2): envelope.resultDestination = try input.text(WireRange.name, "result_destination")
        case (8, 2): envelope.url = try input.text()
        case (9, 2): try addHeader(try input.text())
        case (10, 0): envelope.deadline = try input.zigZag(WireRange.unixSeconds, "deadline")
        case (11, 0): envelope.failedAttempts = try input.count("failed_attempts")
        case (12, 0): envelope.deliveries = try input.count("deliveries")
        case (13, 0): envelope.losses = try input.count("losses")
        case (14, 0): envelope.isBase64 = try input.varint() != 0
        case (15, 0): envelope.leasedAt = try input.zigZag(WireRange.unixMilliseconds, "leased_at")
        case (16, 2): try progress.readFailed(try input.bytes())
        case (17, 2): try progress.readAnswer(try input.bytes())
        case (18, 2): try progress.readFailure(try input.bytes())
        case (19, 0): progress = .parked(try input.zigZag(WireRange.delay, "parked_after"))
        case (20, 0):
            _ = try input.varint()
            progress = .released
        case (21, 2): progress = .deadLetter(try input.text())
        case (22, 2): envelope.requestToken = try input.text()
        case (23, 1): envelope.store = try input.fixed64()
        case (24, 2): envelope.pool = try input.text(WireRange.queue, "pool")
        case (25, 0): envelope.tier = try input.count("tier", in: WireRange.tier)
        case (26, 2): envelope.model = try input.text(WireRange.model, "model")
        case (27, 2): try addCharge(try input.text(WireRange.charge, "charges"))
        case (28, 0): envelope.tokens.prompt = try input.count("prompt_tokens", in: WireRange.tokens)
        case (29, 0): envelope.tokens.completion = try input.count("completion_tokens", in: WireRange.tokens)
        case (30, 0): envelope.publishedAt = try input.zigZag(WireRange.unixMilliseconds, "published_at")
        default: try input.skip(type)
        }
    }

    private mutating func addCharge(_ name: String) throws(WireError) {
        guard envelope.charges.count < WireRange.charges else { throw .field("charges") }
        envelope.charges.append(name)
    }

    private mutating func addHeader(_ text: String) throws(WireError) {
        if let name {
            guard envelope.headers.count < WireRange.headerFields else { throw .field("headers") }
            envelope.headers.append(HeaderField(name, text))
            self.name = nil
        } else {
            name = text
        }
    }

    /// What the header says of the progress; the last of several fields counts, and one message in two parts is merged.
    private enum ProgressFields {
        case none
        case failed(FailedAttempt)
        case answer(Int)
        case failure(UInt64, String)
        case parked(Int64)
        case released
        case deadLetter(String)

        mutating func readFailed(_ bytes: Bytes) throws(WireError) {
            var attempt = FailedAttempt(statusCode: nil, body: [], reason: "")
            if case .failed(let earlier) = self { attempt = earlier }
            var input = Input(bytes)
            while let (field, type) = try input.tag() {
                switch (field, type) {
                case (1, 0): attempt.statusCode = try input.statusCode("failed.status_code")
                case (2, 2): attempt.reason = try input.text()
                case (3, 0): attempt.retryAfterMilliseconds = try input.zigZag(WireRange.delay, "failed.retry_after")
                case (4, 0): attempt.isUnreached = try input.varint() != 0
                case (5, 0): attempt.isEvicted = try input.varint() != 0
                default: try input.skip(type)
                }
            }
            self = .failed(attempt)
        }

        mutating func readAnswer(_ bytes: Bytes) throws(WireError) {
            var statusCode = 0
            if case .answer(let earlier) = self { statusCode = earlier }
            var input = Input(bytes)
            while let (field, type) = try input.tag() {
                if field == 1, type == 0 {
                    statusCode = try input.statusCode("answer.status_code")
                } else {
                    try input.skip(type)
                }
            }
            self = .answer(statusCode)
        }

        mutating func readFailure(_ bytes: Bytes) throws(WireError) {
            var (code, message) = (UInt64(0), "")
            if case .failure(let earlier, let text) = self { (code, message) = (earlier, text) }
            var input = Input(bytes)
            while let (field, type) = try input.tag() {
                switch (field, type) {
                case (1, 0): code = try input.varint()
                case (2, 2): message = try input.text()
                default: try input.skip(type)
                }
            }
            self = .failure(code, message)
        }

        func progress(body: Bytes) throws(WireError) -> Progress {
            switch self {
            case .none: return .waiting
            case .failed(var attempt):
                attempt.body = body
                return .failed(attempt)
            case .answer(let statusCode):
                // It is left out when it is 0, which is no status.
                guard statusCode != 0 else { throw .field("answer.status_code") }
                return .ended(.result(.answer(statusCode: statusCode, body: body)))
            case .failure(let number, let message):
                let value = WireErrorCode(rawValue: Int(Int32(truncatingIfNeeded: number)))
                guard let value, let code = ErrorCode(value) else { throw .field("failure.code") }
                return .ended(.result(.failure(code, message: message)))
            case .parked(let milliseconds): return .ended(.parked(afterMilliseconds: milliseconds))
            case .released: return .ended(.released)
            case .deadLetter(let reason): return .ended(.deadLetter(reason: reason))
            }
        }
    }
}

extension MessageHeaderReader {
    /// The fields of a message, one after the other.
    struct Input {
        private let content: Bytes
        private var position: Int

        init(_ bytes: Bytes) {
            content = bytes
            position = bytes.startIndex
        }

        private var left: Int { content.endIndex - position }

        /// The next field's number and type of encoding; `nil` at the end.
        mutating func tag() throws(WireError) -> (UInt64, UInt8)? {
            if left == 0 { return nil }
            let value = try varint()
            guard value >> 3 != 0, value <= 0xFFFF_FFFF else { throw .header }
            return (value >> 3, UInt8(value & 7))
        }

        mutating func varint() throws(WireError) -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard left > 0 else { throw .header }
                let byte = content[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            throw .header
        }

        mutating func count(
            _ name: String, in range: ClosedRange<Int> = WireRange.count
        ) throws(WireError) -> Int {
            let value = try varint()
            guard let count = Int(exactly: value), range.contains(count) else { throw .field(name) }
            return count
        }

        mutating func zigZag(_ range: ClosedRange<Int64>, _ name: String) throws(WireError) -> Int64 {
            let value = try varint()
            let number = Int64(bitPattern: value >> 1) ^ (0 &- Int64(bitPattern: value & 1))
            guard range.contains(number) else { throw .field(name) }
            return number
        }

        mutating func statusCode(_ name: String) throws(WireError) -> Int {
            let range = Int64(WireRange.statusCode.lowerBound)...Int64(WireRange.statusCode.upperBound)
            return Int(try zigZag(range, name))
        }

        mutating func fixed64() throws(WireError) -> UInt64 {
            guard left >= 8 else { throw .header }
            var value: UInt64 = 0
            for index in 0..<8 { value |= UInt64(content[position + index]) << (8 * UInt64(index)) }
            position += 8
            return value
        }

        mutating func bytes() throws(WireError) -> Bytes {
            let count = try varint()
            guard count <= UInt64(left) else { throw .header }
            let start = position
            position += Int(count)
            return content[start..<position]
        }

        /// - Throws: for what is no UTF-8, as the format demands.
        mutating func text() throws(WireError) -> String {
            let bytes = try bytes()
            do { return String(copying: try UTF8Span(validating: bytes.span)) } catch { throw .header }
        }

        mutating func text(_ most: Int, _ name: String) throws(WireError) -> String {
            let text = try text()
            guard text.utf8.count <= most else { throw .field(name) }
            return text
        }

        /// Passes over a field of this encoding; groups are obsolete, and refused.
        mutating func skip(_ type: UInt8) throws(WireError) {
            switch type {
            case 0: _ = try varint()
            case 1: _ = try fixed64()
            case 2: _ = try bytes()
            case 5:
                guard left >= 4 else { throw .header }
                position += 4
            default: throw .header
            }
        }
    }
}
