import Glibc
import Synchronization
import TestServers

/// A server that answers with whatever bytes it was given for a path, and says nothing that HTTP wants it to.
///
/// A thread for each connection; it reads a head and as much body as the head announces.
final class HostileGateway: Sendable {
    /// What a path is answered with.
    struct Answer: Sendable {
        var bytes: [UInt8]
        /// Whether the connection ends behind it.
        var closes = true
    }

    let port: Int
    private let listener: CInt
    private let answers = Mutex<[String: Answer]>([:])

    init() throws {
        port = try freePort()
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var yes: CInt = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let (descriptor, port) = (listener, port)
        guard withLoopback(port, { bind(descriptor, $0, $1) == 0 }), listen(descriptor, 128) == 0 else {
            throw OddityFailure("cannot listen on port \(port): \(String(cString: strerror(errno)))")
        }
        inThread { [self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection < 0 { return }
                inThread { self.serve(connection) }
            }
        }
    }

    var url: String { "http://127.0.0.1:\(port)/v1/completions" }

    func close() { shutdown(listener, CInt(SHUT_RDWR)) }

    func set(_ path: String, _ answer: Answer) { answers.withLock { $0[path] = answer } }

    private func serve(_ connection: CInt) {
        defer { Glibc.close(connection) }
        var bytes: [UInt8] = []
        while let head = readHead(connection, &bytes) {
            let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            guard let answer = answers.withLock({ $0[path] }) else { return }
            guard writeAll(connection, answer.bytes), !answer.closes else { return }
        }
    }

    /// Reads a request and drops its body; `nil` at the end.
    private func readHead(_ connection: CInt, _ bytes: inout [UInt8]) -> String? {
        let end = Array("\r\n\r\n".utf8)
        while bytes.firstRange(of: end) == nil { guard readSome(connection, &bytes) else { return nil } }
        guard let range = bytes.firstRange(of: end) else { return nil }
        let head = String(decoding: bytes[..<range.lowerBound], as: UTF8.self)
        let line = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let length = line.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
        while bytes.count < range.upperBound + length { guard readSome(connection, &bytes) else { return nil } }
        bytes.removeFirst(range.upperBound + length)
        return head
    }
}

/// Reads what there is; `false` at the end.
func readSome(_ connection: CInt, _ bytes: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(connection, &buffer, buffer.count, 0)
    if count > 0 { bytes += buffer[..<count] }
    return count > 0
}

@discardableResult
func writeAll(_ connection: CInt, _ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
            send(connection, $0.baseAddress.map { $0 + sent }, $0.count - sent, CInt(MSG_NOSIGNAL))
        }
        if count <= 0 { return false }
        sent += count
    }
    return true
}

func inThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Body(body))
    let status = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// A connection to a port of the loopback address that nobody waits at for longer than `limit` seconds.
func connection(to port: Int, limit: Int = 3) throws -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var time = timeval(tv_sec: limit, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    guard withLoopback(port, { Glibc.connect(descriptor, $0, $1) == 0 }) else {
        let reason = String(cString: strerror(errno))
        Glibc.close(descriptor)
        throw OddityFailure("cannot connect to port \(port): \(reason)")
    }
    return descriptor
}
