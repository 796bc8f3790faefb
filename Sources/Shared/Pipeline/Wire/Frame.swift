package import Links
import Messages

/// One ZeroMQ frame of a link.
///
/// ```
/// byte  0        1      2            6                   6+n
///       +--------+------+------------+-------------------+----------------------+
///       | version| kind | n (4 bytes,| header: n bytes of| request payload, then|
///       |  = 1   | 1…3  | little end.)| Protocol Buffers  | the answer's body    |
///       +--------+------+------------+-------------------+----------------------+
/// ```
package enum Frame: Sendable, Equatable {
    case message(MessageFrame)
    case hello(Hello)
    case report(Report)
    /// A message whose session and number can be read, but not the rest: to be refused as undecodable.
    case unreadable(session: UInt64, number: UInt64, WireError)

    #if FAULT_HOOKS
        package static let version = LaterRelease.version
        /// What a later release writes behind a header's fields.
        static let laterFields = LaterRelease.field
    #else
        package static let version: UInt8 = 1
    #endif
    /// Largest frame; the constant for ZMQ_MAXMSGSIZE on both sides, bytes.
    package static let maxSize = 256 << 20
    /// Largest header, bytes.
    package static let maxHeaderLength = 16 << 20
    /// Bytes before the header.
    static let prefixLength = 6

    enum Kind: UInt8 { case message = 1, hello, report }

    /// Reads a frame.
    ///
    /// Payloads are slices of `bytes`, not copies. Of a hello or a report of another version only who sends it can be
    /// read; its `from` says the version.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.maxSize else { throw .tooLarge(bytes.count) }
        guard bytes.count >= Self.prefixLength else { throw .truncated(needed: Self.prefixLength, actual: bytes.count) }
        let isForeign = bytes[0] != Self.version
        guard !isForeign || bytes[1] != Kind.message.rawValue else { throw .version(bytes[0]) }
        guard let kind = Kind(rawValue: bytes[1]) else { throw isForeign ? .version(bytes[0]) : .kind(bytes[1]) }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[2 + $1]) << (8 * $1) }
        guard length <= Self.maxHeaderLength else { throw .tooLarge(length) }
        let end = Self.prefixLength + length
        guard bytes.count >= end else { throw .truncated(needed: end, actual: bytes.count) }
        let header = bytes[Self.prefixLength..<end]
        switch kind {
        case .message: self = try Self.message(header, bytes[end...])
        case .hello: self = .hello(try Hello(header: header, version: bytes[0]))
        case .report: self = .report(try Report(header: header, version: bytes[0]))
        }
    }

    private static func message(_ header: Bytes, _ payloads: Bytes) throws(WireError) -> Frame {
        do {
            return .message(try MessageFrame(header: header, payloads: payloads))
        } catch {
            guard let (session, number) = MessageFrame.identity(of: header) else { throw error }
            return .unreadable(session: session, number: number, error)
        }
    }

    /// A frame without payloads.
    static func assemble(_ kind: Kind, header: [UInt8]) -> [UInt8] {
        #if FAULT_HOOKS
            let header = header + laterFields
        #endif
        var frame: [UInt8] = []
        frame.reserveCapacity(prefixLength + header.count)
        frame.append(version)
        frame.append(kind.rawValue)
        for shift in 0..<4 { frame.append(UInt8(truncatingIfNeeded: header.count >> (8 * shift))) }
        frame += header
        return frame
    }
}
