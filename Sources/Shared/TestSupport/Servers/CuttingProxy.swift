import Foundation
import Glibc
package import Redis
import Synchronization

/// A TCP proxy to one loopback port that cuts its connections or refuses new ones, when told to.
///
/// Stands between a client and a server under test. It runs on a thread of its own, which looks at its orders every
/// 10 ms and ends when the proxy is released.
package final class CuttingProxy: Sendable {
    fileprivate struct State {
        var isOpen = true
        var mustCut = false
        var isReleased = false
        var pattern: [UInt8]?
        var cuts = 0
    }

    fileprivate final class Orders: Sendable {
        let state = Mutex(State())
    }

    package let port: Int
    private let orders = Orders()

    package init(to server: Int) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        port = try freePort()
        let isListening = withLoopback(port) { bind(listener, $0, $1) == 0 && listen(listener, 64) == 0 }
        guard isListening else {
            throw RedisError(
                operation: "listen on \(port)", reason: String(cString: strerror(errno)), kind: .connection)
        }
        let orders = orders
        Thread {
            var loop = ProxyLoop(listener: listener, server: server, orders: orders)
            while loop.turn() {}
        }.start()
    }

    deinit { orders.state.withLock { $0.isReleased = true } }

    package var url: RedisURL { RedisURL(.tcp(host: "127.0.0.1", port: port)) }

    /// How many connections were cut because of `swallowReply`.
    package var cuts: Int { orders.state.withLock(\.cuts) }

    /// Cuts every connection; new ones are taken.
    package func cut() { orders.state.withLock { $0.mustCut = true } }

    /// Cuts every connection, and every new one until `open`.
    package func close() {
        orders.state.withLock {
            $0.isOpen = false
            $0.mustCut = true
        }
    }

    package func open() { orders.state.withLock { $0.isOpen = true } }

    /// Lets the next request that contains `text` reach the server; when the server answers, the connection is cut
    /// instead of handing the answer on.
    package func swallowReply(toRequestWith text: String) {
        orders.state.withLock { $0.pattern = Array(text.utf8) }
    }
}

private struct ProxyLoop {
    private struct Pair {
        let client: CInt
        let server: CInt
        var swallows = false
    }

    private let listener: CInt
    private let server: Int
    private let orders: CuttingProxy.Orders
    private var pairs: [Pair] = []

    init(listener: CInt, server: Int, orders: CuttingProxy.Orders) {
        self.listener = listener
        self.server = server
        self.orders = orders
    }

    /// Moves what has arrived; `false` once the proxy is released.
    mutating func turn() -> Bool {
        var polled = ([listener] + pairs.flatMap { [$0.client, $0.server] }).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = poll(&polled, nfds_t(polled.count), 10)
        let (isReleased, mustCut) = orders.state.withLock { state in
            defer { state.mustCut = false }
            return (state.isReleased, state.mustCut)
        }
        if isReleased || mustCut { for pair in pairs { close(pair) } }
        if isReleased {
            Glibc.close(listener)
            return false
        }
        let ready = Set(polled.filter { $0.revents != 0 }.map(\.fd))
        pairs = mustCut ? [] : pairs.compactMap { forward($0, ready) }
        if ready.contains(listener) { accept() }
        return true
    }

    private mutating func accept() {
        let client = Glibc.accept(listener, nil, nil)
        let upstream = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let isOpen = orders.state.withLock(\.isOpen)
        if client >= 0, isOpen, withLoopback(server, { connect(upstream, $0, $1) == 0 }) {
            pairs.append(Pair(client: client, server: upstream))
        } else {
            Glibc.close(client)
            Glibc.close(upstream)
        }
    }

    /// The pair as it goes on; `nil` when it was closed.
    private func forward(_ pair: Pair, _ ready: Set<CInt>) -> Pair? {
        var pair = pair
        if ready.contains(pair.client) {
            guard let bytes = receive(pair.client), send(bytes, to: pair.server) else { return close(pair) }
            if isAwaited(bytes) { pair.swallows = true }
        }
        if ready.contains(pair.server) {
            if pair.swallows { orders.state.withLock { $0.cuts += 1 } }
            guard let bytes = receive(pair.server), !pair.swallows, send(bytes, to: pair.client) else {
                return close(pair)
            }
        }
        return pair
    }

    private func isAwaited(_ bytes: [UInt8]) -> Bool {
        orders.state.withLock { state in
            guard let pattern = state.pattern, bytes.firstRange(of: pattern) != nil else { return false }
            state.pattern = nil
            return true
        }
    }

    private func receive(_ descriptor: CInt) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private func send(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    private func close(_ pair: Pair) -> Pair? {
        Glibc.close(pair.client)
        Glibc.close(pair.server)
        return nil
    }
}

/// Calls `body` with a port of the loopback address as the socket calls take it.
private func withLoopback(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
