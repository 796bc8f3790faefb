import Glibc

/// The address that peers send their reports to.
package enum AdvertisedAddress {
    /// What to tell peers about a socket bound to `endpoint`.
    ///
    /// - Parameter endpoint: where the socket is bound, its port resolved.
    /// - Returns: the endpoint itself, unless it is a wildcard: then the same port on the first address of this machine
    ///   that is no loopback address; `nil` when there is none.
    package static func of(bound endpoint: String) -> String? {
        guard let (host, port) = tcpHostAndPort(endpoint), isWildcard(host) else { return endpoint }
        return firstAddress().map { "tcp://\($0):\(port)" }
    }

    static func isWildcard(_ host: String) -> Bool { ["*", "0.0.0.0", "::"].contains(host) }

    /// Whether only this machine can reach the endpoint.
    package static func isLocal(_ endpoint: String) -> Bool {
        guard let (host, _) = tcpHostAndPort(endpoint) else { return true }
        return host.hasPrefix("127.") || host == "::1" || host == "localhost"
    }

    /// The first address of a network interface that is up and no loopback, IPv4 before IPv6.
    /// Source: getifaddrs(3).
    private static func firstAddress() -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var sixth: String?
        var entry = list
        while let current = entry {
            entry = current.pointee.ifa_next
            let flags = current.pointee.ifa_flags
            let isUsable = flags & UInt32(IFF_UP.rawValue) != 0 && flags & UInt32(IFF_LOOPBACK.rawValue) == 0
            guard isUsable, let address = current.pointee.ifa_addr else { continue }
            switch CInt(address.pointee.sa_family) {
            case AF_INET: return numeric(address, socklen_t(MemoryLayout<sockaddr_in>.size))
            case AF_INET6: sixth = sixth ?? numeric(address, socklen_t(MemoryLayout<sockaddr_in6>.size))
            default: continue
            }
        }
        return sixth
    }
}
