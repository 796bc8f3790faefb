import Messages

/// Writes the frame of a message: Protocol Buffers, laid down straight from the envelope.
///
/// It writes byte for byte what the generated `WireMessageHeader` would, at a fifth of the cost; every message pays
/// this twice. Source: protobuf.dev, "Encoding".
struct MessageHeaderWriter {
    private let envelope: Envelope
    private let losses: UInt32
    private let progressLength: Int
    /// Bytes of the header.
    let length: Int

    init(_ envelope: Envelope, losses: Int) {
        self.envelope = envelope
        self.losses = UInt32(WireRange.count.clamping(losses))
        progressLength = Self.progressLength(envelope.progress)
        var length = 18
        length += Self.size(1, UInt64(envelope.payload.count))
        length += Self.size(1, envelope.id.utf8.count) + Self.size(1, envelope.queue.utf8.count)
        length += Self.size(1, envelope.receipt.bytes.count) + Self.size(1, envelope.resultDestination.utf8.count)
        length += Self.size(1, envelope.url.utf8.count)
        length += envelope.requestToken.map { Self.fieldSize(2, $0.utf8.count) } ?? 0
        for field in envelope.headers {
            length += Self.fieldSize(1, field.name.utf8.count) + Self.fieldSize(1, field.value.utf8.count)
        }
        length += Self.size(1, zigZag(envelope.wireDeadline)) + Self.size(1, zigZag(envelope.wireLeasedAt))
        length += Self.size(1, envelope.wireFailedAttempts)
        length += Self.size(1, envelope.wireDeliveries) + Self.size(1, UInt64(self.losses))
        length += envelope.isBase64 ? 2 : 0
        switch envelope.progress {
        case .waiting: break
        case .failed, .ended(.result), .ended(.deadLetter): length += Self.fieldSize(2, progressLength)
        case .ended(.parked(let milliseconds)): length += 2 + Self.varintLength(delay(milliseconds))
        case .ended(.released): length += 3
        }
        length += envelope.store == 0 ? 0 : 10
        length += Self.size(2, envelope.pool.utf8.count) + (envelope.wireTier == 0 ? 0 : 3)
        length += Self.size(2, envelope.model.utf8.count)
        for charge in envelope.charges { length += Self.fieldSize(2, charge.utf8.count) }
        length += Self.size(2, envelope.wirePromptTokens) + Self.size(2, envelope.wireCompletionTokens)
        length += Self.size(2, zigZag(envelope.wirePublishedAt))
        self.length = length
    }

    /// Writes the header, `length` bytes.
    func write(to output: inout Output, session: UInt64, number: UInt64) {
        output.fixed(0x09, session)
        output.fixed(0x11, number)
        output.number(0x18, UInt64(envelope.payload.count))
        output.text(0x22, envelope.id)
        output.text(0x2A, envelope.queue)
        output.bytes(0x32, envelope.receipt.bytes)
        output.text(0x3A, envelope.resultDestination)
        output.text(0x42, envelope.url)
        for field in envelope.headers {
            output.presentText(0x4A, field.name)
            output.presentText(0x4A, field.value)
        }
        output.number(0x50, zigZag(envelope.wireDeadline))
        output.number(0x58, envelope.wireFailedAttempts)
        output.number(0x60, envelope.wireDeliveries)
        output.number(0x68, UInt64(losses))
        output.number(0x70, envelope.isBase64 ? 1 : 0)
        output.number(0x78, zigZag(envelope.wireLeasedAt))
        write(envelope.progress, to: &output)
        if let token = envelope.requestToken {
            output.tag(22, 2)
            output.raw(token, length: token.utf8.count)
        }
        if envelope.store != 0 {
            output.byte(0xB9)
            output.fixed(0x01, envelope.store)
        }
        if !envelope.pool.isEmpty {
            output.tag(24, 2)
            output.raw(envelope.pool, length: envelope.pool.utf8.count)
        }
        if envelope.wireTier != 0 {
            output.tag(25, 0)
            output.varint(envelope.wireTier)
        }
        if !envelope.model.isEmpty {
            output.tag(26, 2)
            output.raw(envelope.model, length: envelope.model.utf8.count)
        }
        for charge in envelope.charges {
            output.tag(27, 2)
            output.raw(charge, length: charge.utf8.count)
        }
        let numbers = [
            (28, envelope.wirePromptTokens), (29, envelope.wireCompletionTokens),
            (30, zigZag(envelope.wirePublishedAt)),
        ]
        for (field, number) in numbers where number != 0 {
            output.tag(field, 0)
            output.varint(number)
        }
    }

    private func write(_ progress: Progress, to output: inout Output) {
        switch progress {
        case .waiting: break
        case .failed(let attempt):
            output.tag(16, 2)
            output.varint(UInt64(progressLength))
            if let code = attempt.statusCode { output.presentNumber(0x08, status(code)) }
            output.text(0x12, attempt.reason)
            if let milliseconds = attempt.retryAfterMilliseconds { output.presentNumber(0x18, delay(milliseconds)) }
            output.number(0x20, attempt.isUnreached ? 1 : 0)
            output.number(0x28, attempt.isEvicted ? 1 : 0)
        case .ended(.result(.answer(let code, _))):
            output.tag(17, 2)
            output.varint(UInt64(progressLength))
            output.number(0x08, status(code))
        case .ended(.result(.failure(let code, let message))):
            output.tag(18, 2)
            output.varint(UInt64(progressLength))
            output.number(0x08, UInt64(WireErrorCode(code).rawValue))
            output.text(0x12, message)
        case .ended(.parked(let milliseconds)):
            output.tag(19, 0)
            output.varint(delay(milliseconds))
        case .ended(.released):
            output.tag(20, 0)
            output.varint(1)
        case .ended(.deadLetter(let reason)):
            output.tag(21, 2)
            output.raw(reason, length: progressLength)
        }
    }

    /// Bytes of the message or string that tells the progress.
    private static func progressLength(_ progress: Progress) -> Int {
        switch progress {
        case .failed(let attempt):
            (attempt.statusCode.map { 1 + varintLength(status($0)) } ?? 0)
                + size(1, attempt.reason.utf8.count)
                + (attempt.retryAfterMilliseconds.map { 1 + varintLength(delay($0)) } ?? 0)
                + (attempt.isUnreached ? 2 : 0) + (attempt.isEvicted ? 2 : 0)
        case .ended(.result(.answer(let code, _))): size(1, status(code))
        case .ended(.result(.failure(let code, let message))):
            size(1, UInt64(WireErrorCode(code).rawValue)) + size(1, message.utf8.count)
        case .ended(.deadLetter(let reason)): reason.utf8.count
        case .waiting, .ended(.parked), .ended(.released): 0
        }
    }

    /// A number that is left out when it is 0.
    private static func size(_ tag: Int, _ value: UInt64) -> Int { value == 0 ? 0 : tag + varintLength(value) }

    /// A text that is left out when it is empty.
    private static func size(_ tag: Int, _ count: Int) -> Int { count == 0 ? 0 : fieldSize(tag, count) }

    private static func fieldSize(_ tag: Int, _ count: Int) -> Int { tag + varintLength(UInt64(count)) + count }

    private static func varintLength(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }

    /// A place in memory that is filled from its start; whoever made it sees that it is large enough.
    struct Output {
        private let buffer: UnsafeMutableBufferPointer<UInt8>
        private(set) var count = 0

        init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

        mutating func byte(_ value: UInt8) {
            buffer[count] = value
            count += 1
        }

        mutating func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                byte(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            byte(UInt8(truncatingIfNeeded: rest))
        }

        mutating func tag(_ field: Int, _ type: Int) { varint(UInt64(field << 3 | type)) }

        mutating func fixed(_ tag: UInt8, _ value: UInt64) {
            byte(tag)
            for shift in 0..<8 { byte(UInt8(truncatingIfNeeded: value >> (8 * UInt64(shift)))) }
        }

        mutating func number(_ tag: UInt8, _ value: UInt64) {
            if value != 0 { presentNumber(tag, value) }
        }

        mutating func presentNumber(_ tag: UInt8, _ value: UInt64) {
            byte(tag)
            varint(value)
        }

        mutating func text(_ tag: UInt8, _ value: String) {
            if !value.isEmpty { presentText(tag, value) }
        }

        mutating func presentText(_ tag: UInt8, _ value: String) {
            byte(tag)
            raw(value, length: value.utf8.count)
        }

        /// A text with its length before it.
        mutating func raw(_ value: String, length: Int) {
            varint(UInt64(length))
            let rest = UnsafeMutableBufferPointer(rebasing: buffer[count...])
            let end = rest.update(fromContentsOf: value.utf8)
            count += end
        }

        mutating func bytes(_ tag: UInt8, _ value: [UInt8]) {
            if value.isEmpty { return }
            byte(tag)
            varint(UInt64(value.count))
            copy(value[...])
        }

        mutating func copy(_ value: Bytes) {
            _ = UnsafeMutableBufferPointer(rebasing: buffer[count...]).update(fromContentsOf: value)
            count += value.count
        }
    }
}

/// Signed numbers with small codes for small values of either sign.
private func zigZag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

private func status(_ code: Int) -> UInt64 { zigZag(Int64(WireRange.statusCode.clamping(code))) }

private func delay(_ milliseconds: Int64) -> UInt64 { zigZag(WireRange.delay.clamping(milliseconds)) }
