import Foundation
import Glibc
import Synchronization

/// A TCP proxy between two processes of a test, whose connections can be cut.
///
/// Blocking sockets, two threads a connection: enough for tests.
package final class TCPProxy: Sendable {
    package let port: UInt16
    private let target: UInt16
    private let listener: CInt
    private let open = Mutex<[CInt]>([])
    private let isClosed = Atomic(false)

    /// Listens on a free loopback port and connects to `target`, also on loopback, for each connection it gets.
    package init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard let port = listenOnLoopback(listener) else { throw ProcessFailure("cannot listen: errno \(errno)") }
        self.port = port
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    /// Resets all connections there are; new ones are accepted at once.
    package func cut() {
        let sockets = open.withLock { sockets in
            defer { sockets.removeAll() }
            return sockets
        }
        for socket in sockets { shutdown(socket, CInt(SHUT_RDWR)) }
    }

    /// Ends the proxy.
    package func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        shutdown(listener, CInt(SHUT_RDWR))
        cut()
    }

    /// Connections there are, both sides counted.
    package var connectionCount: Int { open.withLock { $0.count / 2 } }

    private func accept() {
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            let near = Glibc.accept(listener, nil, nil)
            guard near >= 0 else { continue }
            let far = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            guard connectToLoopback(far, target) else {
                Glibc.close(near)
                Glibc.close(far)
                continue
            }
            open.withLock { $0 += [near, far] }
            pump(from: near, to: far)
            pump(from: far, to: near)
        }
        Glibc.close(listener)
    }

    private func pump(from source: CInt, to sink: CInt) {
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(source, &buffer, buffer.count, 0)
                guard count > 0, send(sink, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
            }
            // The descriptors stay taken until the test ends: a number used again could be cut by mistake.
            shutdown(source, CInt(SHUT_RDWR))
            shutdown(sink, CInt(SHUT_RDWR))
        }
        thread.start()
    }
}

/// A loopback port that was free a moment ago.
package func freePort() throws -> UInt16 {
    let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    guard let port = listenOnLoopback(probe) else { throw ProcessFailure("no free port: errno \(errno)") }
    return port
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
}

private func listenOnLoopback(_ descriptor: CInt) -> UInt16? {
    var one: CInt = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && listen(descriptor, 128) == 0
                && getsockname(descriptor, $0, &length) == 0
        }
    }
    return isBound ? UInt16(bigEndian: address.sin_port) : nil
}

private func connectToLoopback(_ descriptor: CInt, _ port: UInt16) -> Bool {
    var address = loopback(port)
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
