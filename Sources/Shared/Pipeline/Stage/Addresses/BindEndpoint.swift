import Glibc

/// Where a socket is bound, in numbers: names of network interfaces and of hosts are looked up here, and not by libzmq.
enum BindEndpoint {
    /// - Throws: `LinkError` for a name that has no address of this machine, or whose look-up failed.
    static func numeric(_ endpoint: String) throws(LinkError) -> String {
        guard let (host, port) = tcpHostAndPort(endpoint), host != "*", !endpoint.hasPrefix("tcp://["),
            inet_addr(host) == INADDR_NONE, host != "255.255.255.255"
        else { return endpoint }
        if let own = preferred(AdvertisedAddress.addresses(ofInterface: host)) { return "tcp://\(own):\(port)" }
        switch NameLookup.wait(host, seconds: 5) {
        case .addresses(let addresses):
            guard let first = preferred(addresses) else {
                throw LinkError(reason: "\(endpoint): neither a network interface nor a host has the name \(host)")
            }
            return "tcp://\(first):\(port)"
        case .unknown(let reason):
            throw LinkError(transient: "\(endpoint): \(host) could not be looked up: \(reason)")
        }
    }

    /// IPv4 before IPv6.
    private static func preferred(_ addresses: [String]) -> String? {
        addresses.first { !$0.hasPrefix("[") } ?? addresses.first
    }
}
