internal import CZlib

/// One layer of gzip or deflate.
///
/// Source: RFC 1951, RFC 1952; zlib's manual, inflate().
package final class Inflater {
    package enum Failure: Error, Sendable, Equatable {
        case tooLarge
        case broken(String)
    }

    private static let pieceBytes = 32 << 10

    private let isGzip: Bool
    /// zlib keeps a pointer to it: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var hasBegun = false
    /// Everything that came was one whole stream, or several.
    package private(set) var isAtEnd = false

    package init(isGzip: Bool) {
        self.isGzip = isGzip
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        if hasBegun { inflateEnd(stream) }
        stream.deallocate()
    }

    /// Adds what `bytes` stand for to `output`, which may have `limit` bytes in all.
    package func inflate(
        _ bytes: UnsafeRawBufferPointer, into output: inout [UInt8], limit: Int
    ) throws(Failure) {
        guard let first = bytes.first else { return }
        if !hasBegun { try begin(first) }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        // libcurl passes 16 KiB at most, and a layer 4 GiB.
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
        var isFull = false
        while stream.pointee.avail_in > 0 || isFull {
            if isAtEnd { try beginAgain() }
            let count = try step(into: &output)
            if output.count > limit { throw .tooLarge }
            isFull = count == Self.pieceBytes && !isAtEnd
        }
    }

    /// Some servers mean bare deflate data where the name stands for data with zlib's head, whose first byte has 8 in its
    /// lower half; bare data never begins so.
    private func begin(_ first: UInt8) throws(Failure) {
        let hasHead = isGzip || first & 0x0F == 8
        let windowBits = MAX_WBITS
        guard czlib_begin(stream, isGzip ? 16 + windowBits : hasHead ? windowBits : -windowBits) == Z_OK else {
            throw .broken("zlib cannot be started")
        }
        hasBegun = true
    }

    /// A gzip body may have several streams, one after another.
    private func beginAgain() throws(Failure) {
        guard isGzip, stream.pointee.next_in.pointee == 0x1F, inflateReset(stream) == Z_OK else {
            throw .broken("something follows the end of the data")
        }
        isAtEnd = false
    }

    /// - Returns: how many bytes came out.
    private func step(into output: inout [UInt8]) throws(Failure) -> Int {
        let code = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.pieceBytes) { piece in
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = UInt32(piece.count)
            let code = CZlib.inflate(stream, Z_NO_FLUSH)
            output += piece.prefix(piece.count - Int(stream.pointee.avail_out))
            return code
        }
        switch code {
        case Z_STREAM_END: isAtEnd = true
        // Nothing to do is no error: the rest comes later.
        case Z_OK, Z_BUF_ERROR: break
        default:
            throw .broken(stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(code)")
        }
        return Self.pieceBytes - Int(stream.pointee.avail_out)
    }
}
