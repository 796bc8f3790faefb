import FlyingSocks
import Foundation

/// Where the server listens, as the system wants it.
enum BindAddress {
    /// - Parameter host: An address, a name, or `*` (also empty) for all IPv4 addresses.
    ///
    /// Source: getaddrinfo(3).
    static func resolve(host: String, port: UInt16) throws(StatusServerError) -> any SocketAddress {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let name = host == "*" || host.isEmpty ? "0.0.0.0" : host.filter { $0 != "[" && $0 != "]" }
        let code = getaddrinfo(name, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0, let first = list?.pointee, let address = first.ai_addr else {
            throw StatusServerError(address: "\(host):\(port)", reason: String(cString: gai_strerror(code)))
        }
        let pointer = UnsafeRawPointer(address)
        return first.ai_family == AF_INET6
            ? pointer.loadUnaligned(as: sockaddr_in6.self) : pointer.loadUnaligned(as: sockaddr_in.self)
    }
}
