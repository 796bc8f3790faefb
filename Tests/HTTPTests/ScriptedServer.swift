import Foundation
import Glibc
import Synchronization

/// A TCP server on loopback that does exactly what a test says: blocking sockets, one thread a connection.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: CInt
    private let counts = Mutex((connections: 0, vanished: 0, requests: [Request]()))

    struct Request: Sendable, Equatable {
        var head: String
        var body: [UInt8]
        /// Connections are numbered from 1.
        var connection = 0

        func header(_ name: String) -> String? {
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.dropFirst(name.count + 1)).trimmingCharacters(in: .whitespaces) }
        }
    }

    /// - Parameter script: serves one connection; the connection is closed when it returns.
    init(_ script: @escaping @Sendable (Connection) -> Void) {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        port = listenOnLoopback(listener)
        let thread = Thread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                // What is sent leaves at once, and not when what was sent before has been confirmed.
                var yes: CInt = 1
                setsockopt(
                    descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
                let number = counts.withLock { counts in
                    counts.connections += 1
                    return counts.connections
                }
                let connection = Connection(descriptor, number: number) { request in
                    self.counts.withLock { $0.requests.append(request) }
                }
                Thread.detachNewThread {
                    script(connection)
                    let vanishes = connection.vanishes.load(ordering: .relaxed)
                    connection.close()
                    if vanishes { self.counts.withLock { $0.vanished += 1 } }
                }
            }
        }
        thread.start()
    }

    /// Answers each request of each connection the same way.
    static func answering(_ answer: @escaping @Sendable (Request) -> String) -> ScriptedServer {
        ScriptedServer { connection in
            while let request = connection.readRequest() { connection.send(answer(request)) }
        }
    }

    deinit { stop() }

    func stop() { shutdown(listener, CInt(SHUT_RDWR)) }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    var connections: Int { counts.withLock { $0.connections } }
    /// Connections that were closed without a word.
    var vanished: Int { counts.withLock { $0.vanished } }
    var requests: [Request] { counts.withLock { $0.requests } }
}

/// One connection of a scripted server, used on its own thread.
final class Connection: Sendable {
    private let descriptor: CInt
    /// From 1.
    let number: Int
    private let received = Mutex<[UInt8]>([])
    private let record: @Sendable (ScriptedServer.Request) -> Void

    init(_ descriptor: CInt, number: Int, record: @escaping @Sendable (ScriptedServer.Request) -> Void) {
        self.descriptor = descriptor
        self.number = number
        self.record = record
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// The next whole request; `nil` at the end of the connection.
    func readRequest() -> ScriptedServer.Request? {
        while true {
            let request = received.withLock { bytes -> ScriptedServer.Request? in
                guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
                var request = ScriptedServer.Request(
                    head: String(decoding: bytes[..<end.lowerBound], as: UTF8.self), body: [], connection: number)
                let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
                guard bytes.count - end.upperBound >= length else { return nil }
                request.body = Array(bytes[end.upperBound..<end.upperBound + length])
                bytes.removeFirst(end.upperBound + length)
                return request
            }
            if let request {
                record(request)
                return request
            }
            if !readMore() { return nil }
        }
    }

    /// Waits for the other side to close; says whether it did within 20 s.
    func waitForEnd() -> Bool {
        while readMore() {}
        return errno == 0 || errno == ECONNRESET
    }

    private func readMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        errno = 0
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { received.withLock { $0 += buffer[..<count] } }
        return count > 0
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Passes everything on to another port of this machine, and back, until either side ends.
    func forward(to port: UInt16) {
        let other = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(other) }
        guard withLoopbackAddress(port, { connect(other, $0, $1) }) == 0 else { return }
        var sockets = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        while poll(&sockets, 2, 20_000) > 0 {
            for (from, to) in [(0, 1), (1, 0)] where sockets[from].revents != 0 {
                let count = recv(sockets[from].fd, &buffer, buffer.count, 0)
                guard count > 0, Glibc.send(sockets[to].fd, buffer, count, CInt(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }

    /// Makes the closing that follows a reset.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    fileprivate let vanishes = Atomic(false)

    /// The closing that follows tells the other side nothing; what that sends afterwards is refused.
    ///
    /// Source: the kernel's TCP_REPAIR, made for moving connections to other machines; it takes CAP_NET_ADMIN.
    func vanishOnClose() {
        var yes: CInt = 1
        let repair: CInt = 19
        setsockopt(descriptor, CInt(IPPROTO_TCP), repair, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        vanishes.store(true, ordering: .relaxed)
    }

    /// Waits until something has come in, and leaves it there.
    func waitForBytes() {
        var byte: UInt8 = 0
        _ = recv(descriptor, &byte, 1, CInt(MSG_PEEK))
    }

    /// The other side sees the end; the script may go on.
    func end() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// The kernel drops what comes from now on, as if it had been lost on the way.
    ///
    /// Source: socket(7), SO_ATTACH_FILTER; the filter is one instruction, "return 0".
    func dropWhatComes() {
        var instruction: (code: UInt16, whenTrue: UInt8, whenFalse: UInt8, value: UInt32) = (0x06, 0, 0, 0)
        withUnsafeMutablePointer(to: &instruction) { instruction in
            var program: (length: UInt16, instructions: UnsafeMutableRawPointer) = (
                1, UnsafeMutableRawPointer(instruction)
            )
            let attachFilter: CInt = 26
            setsockopt(descriptor, SOL_SOCKET, attachFilter, &program, socklen_t(MemoryLayout.size(ofValue: program)))
        }
    }

    fileprivate func close() { Glibc.close(descriptor) }
}

/// An answer with a length.
func answer(_ status: Int = 200, _ body: String = "ok", headers: String = "") -> String {
    "HTTP/1.1 \(status) Status\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

/// A port on which nobody listens; kept by a socket of ours, so that nobody else gets it.
final class RefusingPort {
    private let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    let port: UInt16

    init() { port = bindToLoopback(descriptor) }

    deinit { close(descriptor) }
}

/// A listener that never accepts and whose queue is full.
final class FullListener {
    private let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    private var waiting: [CInt] = []
    let port: UInt16

    init() {
        port = listenOnLoopback(descriptor, backlog: 0)
        for _ in 0..<8 {
            let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
            withLoopbackAddress(port) { _ = connect(client, $0, $1) }
            waiting.append(client)
        }
    }

    deinit { for socket in waiting + [descriptor] { close(socket) } }
}

/// Binds to a free port and says which.
func bindToLoopback(_ descriptor: CInt) -> UInt16 {
    withLoopbackAddress(0) { address, length in
        var length = length
        guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0 else { return 0 }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
}

/// Binds to a free port and listens.
func listenOnLoopback(_ descriptor: CInt, backlog: CInt = 1024) -> UInt16 {
    let port = bindToLoopback(descriptor)
    return listen(descriptor, backlog) == 0 ? port : 0
}

func withLoopbackAddress<R>(_ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
