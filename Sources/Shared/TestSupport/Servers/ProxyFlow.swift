import Glibc

/// Bytes on their way in one direction of one connection.
struct ProxyFlow {
    private struct Chunk {
        let due: ContinuousClock.Instant
        var bytes: ArraySlice<UInt8>
    }

    /// Bytes above which nothing more is read, so that a reader who sleeps is felt by the writer.
    private static let maxBytes = 1 << 20

    private let source: CInt
    private let destination: CInt
    private var chunks: [Chunk] = []
    private var size = 0
    private var hasEnded = false

    init(from source: CInt, to destination: CInt) {
        self.source = source
        self.destination = destination
    }

    var wantsMore: Bool { !hasEnded && size < Self.maxBytes }

    var nextDue: ContinuousClock.Instant? { chunks.first?.due }

    /// Reads what is there, up to 64 KiB, and returns it.
    @discardableResult
    mutating func read(delay: Duration, vanishing: Bool) -> [UInt8] {
        guard wantsMore else { return [] }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(source, &buffer, buffer.count, 0)
        if count <= 0 {
            hasEnded = count == 0 || (errno != EAGAIN && errno != EINTR)
            return []
        }
        buffer.removeSubrange(count...)
        if !vanishing {
            chunks.append(Chunk(due: .now + delay, bytes: buffer[...]))
            size += count
        }
        return buffer
    }

    /// Writes what is due; `false` when the connection is over and everything it brought has been written.
    mutating func write(at now: ContinuousClock.Instant) -> Bool {
        while let chunk = chunks.first, chunk.due <= now {
            let count = chunk.bytes.withUnsafeBytes { send(destination, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            size -= count
            if count < chunk.bytes.count {
                chunks[0].bytes = chunk.bytes.dropFirst(count)
            } else {
                chunks.removeFirst()
            }
        }
        return !(hasEnded && chunks.isEmpty)
    }
}
