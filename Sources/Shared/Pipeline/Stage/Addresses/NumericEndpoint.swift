import Glibc

/// An endpoint that needs no name resolution: `tcp://` and an address in numbers, or `ipc://` and a path.
///
/// libzmq looks names up in its one I/O thread, each time it connects; while a name server does not answer, nothing
/// moves on any socket of the process. So sockets are connected to these alone.
struct NumericEndpoint: Sendable, Hashable, CustomStringConvertible {
    let description: String

    /// `nil` for a name, a transport that links do not use, and text that is no endpoint.
    init?(_ endpoint: String) {
        if endpoint.hasPrefix("ipc://") {
            // sockaddr_un has 108 bytes, one of them for the end: unix(7).
            guard (7...113).contains(endpoint.utf8.count), endpoint != "ipc://*" else { return nil }
        } else {
            guard let (host, port) = tcpHostAndPort(endpoint), isPort(port),
                isAddress(host, isBracketed: endpoint.hasPrefix("tcp://["))
            else { return nil }
        }
        description = endpoint
    }

    /// - Parameters:
    ///   - address: as getnameinfo(3) writes it, IPv6 in brackets.
    init(address: String, port: String) { description = "tcp://\(address):\(port)" }
}

/// An endpoint that a peer or a setting names: numbers, or a name to be looked up first.
enum PeerEndpoint: Sendable, Hashable {
    case numeric(NumericEndpoint)
    case name(host: String, port: String)

    init?(_ endpoint: String) {
        if let numeric = NumericEndpoint(endpoint) {
            self = .numeric(numeric)
        } else if let (host, port) = tcpHostAndPort(endpoint), isPort(port), isName(host),
            !endpoint.hasPrefix("tcp://[")
        {
            self = .name(host: host, port: port)
        } else {
            return nil
        }
    }
}

/// The host and port of `tcp://host:port`, brackets of IPv6 removed; `nil` for other transports.
package func tcpHostAndPort(_ endpoint: String) -> (host: String, port: String)? {
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
    let start = endpoint.index(endpoint.startIndex, offsetBy: 6)
    guard start <= colon else { return nil }
    var host = endpoint[start..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (String(host), String(endpoint[endpoint.index(after: colon)...]))
}

private func isPort(_ text: String) -> Bool {
    text.utf8.count <= 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (1...65_535).contains(Int(text) ?? 0)
}

/// IPv4, or IPv6 in brackets, perhaps with the number or name of a network interface behind `%`: inet_pton(3).
private func isAddress(_ host: String, isBracketed: Bool) -> Bool {
    guard isBracketed else {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }
    let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    var address = in6_addr()
    return inet_pton(AF_INET6, String(parts[0]), &address) == 1 && (parts.count == 1 || isName(String(parts[1])))
}

/// RFC 1123, and `_`, which names in clusters have.
private func isName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
}
