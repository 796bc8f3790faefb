package import Messages

/// A message on a link: an envelope with its number in a session.
package struct MessageFrame: Sendable, Equatable {
    package var session: UInt64
    /// From 1.
    package var number: UInt64
    package var envelope: Envelope

    package init(session: UInt64, number: UInt64, envelope: Envelope) {
        self.session = session
        self.number = number
        self.envelope = envelope
    }

    /// The frame.
    ///
    /// - Throws: `WireError.tooLarge` if it is larger than any receiver takes.
    package func encoded() throws(WireError) -> [UInt8] {
        try Self.encode(envelope, session: session, number: number, losses: envelope.losses)
    }

    /// The frame of an envelope, with the sender's count of losses in place of the envelope's own.
    package static func encode(
        _ envelope: Envelope, session: UInt64, number: UInt64, losses: Int
    ) throws(WireError) -> [UInt8] {
        let header = MessageHeaderWriter(envelope, losses: losses)
        #if FAULT_HOOKS
            if !Frame.laterFields.isEmpty { return laterFrame(header, envelope, session: session, number: number) }
        #endif
        guard header.length <= Frame.maxHeaderLength else { throw .tooLarge(header.length) }
        let body = envelope.body
        let size = Frame.prefixLength + header.length + envelope.payload.count + body.count
        guard size <= Frame.maxSize else { throw .tooLarge(size) }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var output = MessageHeaderWriter.Output(buffer)
            output.byte(Frame.version)
            output.byte(Frame.Kind.message.rawValue)
            for shift in 0..<4 { output.byte(UInt8(truncatingIfNeeded: header.length >> (8 * shift))) }
            header.write(to: &output, session: session, number: number)
            output.copy(envelope.payload)
            output.copy(body)
            precondition(output.count == size, "a frame of another size than computed")
            count = size
        }
    }

    #if FAULT_HOOKS
        /// As a later release writes it.
        private static func laterFrame(
            _ header: MessageHeaderWriter, _ envelope: Envelope, session: UInt64, number: UInt64
        ) -> [UInt8] {
            let fields = [UInt8](unsafeUninitializedCapacity: header.length) { buffer, count in
                var output = MessageHeaderWriter.Output(buffer)
                header.write(to: &output, session: session, number: number)
                count = header.length
            }
            return Frame.assemble(.message, header: fields) + envelope.payload + envelope.body
        }
    #endif

    init(header bytes: Bytes, payloads: Bytes) throws(WireError) {
        let header = try MessageHeaderReader(bytes, payloads: payloads)
        session = header.session
        number = header.number
        envelope = header.envelope
    }

    /// Session and number, which stand first in every header: two tags and two little-endian numbers of 64 bits.
    static func identity(of header: Bytes) -> (session: UInt64, number: UInt64)? {
        let start = header.startIndex
        guard header.count >= 18, header[start] == 0x09, header[start + 9] == 0x11 else { return nil }
        func number(at offset: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(header[start + offset + $1]) << (8 * UInt64($1)) }
        }
        return (number(at: 1), number(at: 10))
    }
}

extension Envelope {
    /// The answer's body, which travels behind the payload; empty without one.
    var body: Bytes {
        switch progress {
        case .failed(let attempt): attempt.body
        case .ended(.result(.answer(_, let body))): body
        default: []
        }
    }
}
