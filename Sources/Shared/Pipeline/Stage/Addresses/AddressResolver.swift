import Glibc
import Queue

/// Turns endpoints with host names into endpoints with addresses, all of them.
///
/// libzmq takes the first address of a name only, and looks again only when it reconnects; a headless service in
/// Kubernetes has one address per process. getaddrinfo(3) blocks, so this actor has a thread of its own.
package actor AddressResolver {
    private let thread = QueueThread(name: "resolver")

    package init() {}

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// The addresses of `endpoints` now, in order and each once; what cannot be resolved now has none.
    ///
    /// - Parameter endpoints: such as `tcp://dispatch:5557` or `ipc:///run/ap/dispatch`.
    package func resolve(_ endpoints: [String]) -> [String] {
        var seen: Set<String> = []
        return endpoints.flatMap(Self.addresses).filter { seen.insert($0).inserted }
    }

    private static func addresses(of endpoint: String) -> [String] {
        guard let (host, port) = tcpHostAndPort(endpoint) else { return [endpoint] }
        return lookUp(host).map { "tcp://\($0):\(port)" }
    }

    /// Numeric addresses of a host name, IPv6 ones in brackets.
    ///
    /// Source: getaddrinfo(3), getnameinfo(3).
    private static func lookUp(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var entry = list
        while let current = entry {
            if let text = numeric(current.pointee.ai_addr, current.pointee.ai_addrlen) { found.append(text) }
            entry = current.pointee.ai_next
        }
        return found
    }
}

/// The host and port of `tcp://host:port`, brackets of IPv6 removed; `nil` for other transports.
package func tcpHostAndPort(_ endpoint: String) -> (host: String, port: String)? {
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
    var host = endpoint[endpoint.index(endpoint.startIndex, offsetBy: 6)..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (String(host), String(endpoint[endpoint.index(after: colon)...]))
}

/// A socket address as text, IPv6 in brackets.
///
/// Source: getnameinfo(3).
func numeric(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
    guard let address else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 else {
        return nil
    }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return address.pointee.sa_family == sa_family_t(AF_INET6) ? "[\(text)]" : text
}
