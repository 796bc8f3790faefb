package import Glibc
package import Redis
import Synchronization

/// A port of the loopback address that nobody listens on now, and that this process has not been given before: a port
/// is often taken by its process only after others have been handed out.
///
/// Below the ports that the system gives to outgoing connections, from 32768 on: a client that keeps trying to reach a
/// server that is away would sooner or later be given the server's own port, and then be connected to itself. Source:
/// ip(7), `ip_local_port_range`.
package func freePort() throws(RedisError) -> Int {
    for _ in 0..<200 {
        let port = 20_000 + next.wrappingAdd(1, ordering: .relaxed).oldValue % 12_000
        if isFree(port) { return port }
    }
    throw RedisError(operation: "find a free port", reason: "200 were in use", kind: .connection)
}

/// Where this process goes on; processes begin at places of their own.
private let next = Atomic(Int.random(in: 0..<12_000))

private func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return withLoopback(port) { bind(descriptor, $0, $1) == 0 }
}

/// Calls `body` with a port of the loopback address as the socket calls take it.
package func withLoopback(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
