import Glibc

/// The address that peers send their reports to.
package enum AdvertisedAddress {
    /// The address that peers are told for a socket bound to `endpoint`.
    ///
    /// - Parameter endpoint: where the socket is bound, its port resolved.
    /// - Returns: the endpoint itself, unless it is a wildcard: then the same port on the first address of this machine
    ///   that is no loopback address; `nil` when there is none.
    package static func of(bound endpoint: String) -> String? {
        guard let (bound, port) = tcpHostAndPort(endpoint) else { return endpoint }
        let host = unmapped(bound)
        if !isWildcard(host) { return "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
        return firstAddress().map { "tcp://\($0):\(port)" }
    }

    /// An IPv4 address without the prefix that it has on a socket for both families, RFC 4291, section 2.5.5.2.
    private static func unmapped(_ host: String) -> String {
        host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host
    }

    static func isWildcard(_ host: String) -> Bool { ["*", "0.0.0.0", "::"].contains(host) }

    /// Whether only this machine can reach the endpoint.
    package static func isLocal(_ endpoint: String) -> Bool {
        guard let (host, _) = tcpHostAndPort(endpoint) else { return true }
        return host.hasPrefix("127.") || host == "::1" || host == "localhost"
    }

    /// Whether the address (IPv6 without brackets) is one of this machine's.
    static func isOwnAddress(_ host: String) -> Bool {
        addresses().contains { $0 == host || $0 == "[\(host)]" }
    }

    /// The first address that is no loopback, IPv4 before IPv6.
    private static func firstAddress() -> String? {
        let addresses = addresses()
        return addresses.first { !$0.hasPrefix("[") } ?? addresses.first
    }

    /// Addresses of the network interface of this name, IPv6 ones in brackets; none if there is none.
    static func addresses(ofInterface name: String) -> [String] {
        interfaceAddresses { current in String(cString: current.ifa_name) == name }
    }

    /// Addresses of the network interfaces that are up and no loopback.
    private static func addresses() -> [String] {
        interfaceAddresses { current in
            current.ifa_flags & UInt32(IFF_UP) != 0 && current.ifa_flags & UInt32(IFF_LOOPBACK) == 0
        }
    }

    /// Source: getifaddrs(3).
    private static func interfaceAddresses(_ isWanted: (ifaddrs) -> Bool) -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var entry = list
        while let current = entry {
            entry = current.pointee.ifa_next
            if isWanted(current.pointee), let address = text(of: current.pointee.ifa_addr) { found.append(address) }
        }
        return found
    }

    private static func text(of address: UnsafePointer<sockaddr>?) -> String? {
        switch address.map({ CInt($0.pointee.sa_family) }) {
        case AF_INET: numeric(address, socklen_t(MemoryLayout<sockaddr_in>.size))
        case AF_INET6: numeric(address, socklen_t(MemoryLayout<sockaddr_in6>.size))
        default: nil
        }
    }
}
