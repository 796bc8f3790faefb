import Glibc

/// One HTTP/1.1 connection to a port of the loopback address, kept between calls and made again when it is gone.
///
/// Nothing is ever sent twice: a call whose connection breaks has failed, since nobody knows whether it had an effect.
final class KeptConnection {
    private let port: Int
    private let limit: Duration
    private var descriptor: CInt = -1
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameter limit: for each call from its beginning to its end.
    init(port: Int, limit: Duration) {
        self.port = port
        self.limit = limit
    }

    deinit { disconnect() }

    func exchange(_ method: String, _ path: String, _ body: [UInt8]) throws(ServerFailure) -> HTTPAnswer {
        let end = ContinuousClock.now + limit
        do {
            if !isOpen { try connect(until: end) }
            let head =
                "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            try send(Array(head.utf8) + body, until: end)
            return try receive(until: end)
        } catch {
            // What comes from now on would answer a call that nobody waits for any more.
            disconnect()
            throw error
        }
    }

    /// Whether there is a connection that the server has not closed.
    private var isOpen: Bool {
        guard descriptor >= 0 else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN { return true }
        disconnect()
        return false
    }

    private func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func connect(until end: ContinuousClock.Instant) throws(ServerFailure) {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw failure("socket") }
        guard withLoopback(port, { Glibc.connect(descriptor, $0, $1) == 0 || errno == EINPROGRESS }) else {
            throw failure("connect")
        }
        try wait(for: POLLOUT, until: end)
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 { throw failure("connect", code) }
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, size)
    }

    private func send(_ bytes: [UInt8], until end: ContinuousClock.Instant) throws(ServerFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, until: end)
            } else if errno != EINTR {
                throw failure("send")
            }
        }
    }

    private func receive(until end: ContinuousClock.Instant) throws(ServerFailure) -> HTTPAnswer {
        var reader = HTTPAnswerReader()
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                guard let answer = try reader.read(buffer[..<count]) else { continue }
                if answer.isLast { disconnect() }
                return answer
            }
            if count == 0 { throw failure("receive", ECONNRESET) }
            if errno == EAGAIN { try wait(for: POLLIN, until: end) } else if errno != EINTR { throw failure("receive") }
        }
    }

    private func wait(for events: CInt, until end: ContinuousClock.Instant) throws(ServerFailure) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let left = end - .now
            if left <= .zero { throw ServerFailure(operation: "port \(port)", reason: "no answer within \(limit)") }
            let count = poll(&entry, 1, CInt(clamping: Int(left / .milliseconds(1)) + 1))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw failure("poll") }
        }
    }

    private func failure(_ call: String, _ code: CInt = errno) -> ServerFailure {
        ServerFailure(operation: "\(call) port \(port)", reason: String(cString: strerror(code)))
    }
}
