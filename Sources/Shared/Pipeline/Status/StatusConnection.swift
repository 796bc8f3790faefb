import Foundation

/// One connection to a port: what it waits for, and until when.
///
/// It serves one request and is closed.
struct StatusConnection {
    enum Phase {
        /// For the rest of the request; what has come of it so far.
        case reading([UInt8])
        /// For an answer; with what to say when there is none.
        case asking(orElse: [UInt8])
        /// For the client to take the answer, of which so many bytes are sent.
        case writing([UInt8], sent: Int)
        /// For the client to close: bytes of it that nobody has read would make the system throw the answer away,
        /// RFC 9112, section 9.6.
        case closing(discarded: Int)
    }

    let descriptor: CInt
    private(set) var phase = Phase.reading([])
    private var headersEnd = HeadersEnd()
    /// On a clock that only goes forward.
    private(set) var deadline: Duration

    /// For the whole request to arrive.
    static let readLimit = Duration.seconds(5)
    static let closeLimit = Duration.seconds(1)
    /// Bytes that nobody reads, after which it is closed all the same.
    static let maxDiscarded = 256 << 10

    init(_ descriptor: CInt, now: Duration) {
        self.descriptor = descriptor
        deadline = now + Self.readLimit
    }

    /// What to wait for; poll(2).
    var events: Int16 {
        switch phase {
        case .reading, .closing: Int16(POLLIN)
        case .asking: 0
        case .writing: Int16(POLLOUT)
        }
    }

    /// It is being answered, or will be; such a connection is the last to make room for others.
    var isServed: Bool {
        switch phase {
        case .reading, .closing: false
        case .asking, .writing: true
        }
    }

    mutating func wait(until deadline: Duration, orElse answer: [UInt8]) {
        phase = .asking(orElse: answer)
        self.deadline = deadline
    }

    mutating func answer(_ answer: [UInt8], until deadline: Duration) {
        phase = .writing(answer, sent: 0)
        self.deadline = deadline
    }

    /// Reads what is there.
    ///
    /// - Parameter longestBody: Bytes; `nil`: bodies are not looked at.
    /// - Throws: `Gone` when nobody is there any more.
    mutating func read(longestBody: Int?) throws(Gone) -> RequestHead.Reading {
        guard case .reading(var bytes) = phase else {
            try discard()
            return .incomplete
        }
        var reading = RequestHead.Reading.incomplete
        while reading == .incomplete, try receive(into: &bytes) {
            reading = RequestHead.read(bytes, &headersEnd, longestBody: longestBody)
        }
        phase = .reading(bytes)
        return reading
    }

    /// Writes what fits.
    ///
    /// - Throws: `Gone` when nobody is there any more.
    mutating func write(now: Duration) throws(Gone) {
        guard case .writing(let bytes, var sent) = phase else { return }
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { throw Gone() }
            sent += count
        }
        phase = .writing(bytes, sent: sent)
        guard sent == bytes.count else { return }
        shutdown(descriptor, CInt(SHUT_WR))
        phase = .closing(discarded: 0)
        deadline = now + Self.closeLimit
    }

    /// - Throws: `Gone` once the client has closed, or sends too much.
    private mutating func discard() throws(Gone) {
        guard case .closing(var discarded) = phase else { return }
        var bytes: [UInt8] = []
        while try receive(into: &bytes) {
            discarded += bytes.count
            if discarded > Self.maxDiscarded { throw Gone() }
            bytes.removeAll(keepingCapacity: true)
        }
        phase = .closing(discarded: discarded)
    }

    /// - Returns: `false` when there is nothing to read now.
    private func receive(into bytes: inout [UInt8]) throws(Gone) -> Bool {
        let size = RequestHead.longest
        let count = withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, size, 0)
            if count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
        if count < 0, errno == EINTR || errno == EAGAIN { return false }
        if count <= 0 { throw Gone() }
        return true
    }

    /// The client has closed, or the connection is broken.
    struct Gone: Error {}
}
