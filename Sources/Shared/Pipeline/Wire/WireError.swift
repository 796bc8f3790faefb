/// A frame that cannot be read, or a message that cannot be written.
package enum WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Shorter than its own lengths say; `needed` bytes are more than there are.
    case truncated(needed: Int, actual: Int)
    /// Written by another version of the protocol.
    case version(UInt8)
    /// A kind this version does not have.
    case kind(UInt8)
    /// The header is longer than `Frame.maxHeaderLength`, or the frame longer than `Frame.maxSize`.
    case tooLarge(Int)
    /// Protocol Buffers cannot read the header.
    case header
    /// A field has a value this version cannot use.
    case field(String)

    package var description: String {
        switch self {
        case .truncated(let needed, let actual): "frame of \(actual) bytes, \(needed) needed"
        case .version(let version): "frame of protocol version \(version), this is \(Frame.version)"
        case .kind(let kind): "frame of unknown kind \(kind)"
        case .tooLarge(let size): "\(size) bytes are too many"
        case .header: "header is not readable"
        case .field(let name): "field \(name) has a value that cannot be used"
        }
    }
}
