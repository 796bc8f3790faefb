import Foundation

/// A socket that listens for requests.
enum BindAddress {
    /// Connections that may wait to be accepted; more wait at their own end.
    private static let backlog: CInt = 512

    /// Binds the first address of `host` that can be bound.
    ///
    /// - Parameters:
    ///   - host: An address, a name, or `*` (also empty) for all IPv4 addresses.
    ///   - port: 0 for any free one.
    /// - Returns: the descriptor, which does not block.
    ///
    /// Source: getaddrinfo(3), bind(2).
    static func listen(host: String, port: UInt16) throws(StatusServerError) -> CInt {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let name = host == "*" || host.isEmpty ? "0.0.0.0" : host.filter { $0 != "[" && $0 != "]" }
        let code = getaddrinfo(name, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0, let first = list else {
            throw StatusServerError(address: "\(host):\(port)", reason: String(cString: gai_strerror(code)))
        }
        var failure: CInt = 0
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            if let descriptor = bound(entry.pointee, &failure) { return descriptor }
        }
        throw StatusServerError(address: "\(host):\(port)", code: failure)
    }

    private static func bound(_ entry: addrinfo, _ failure: inout CInt) -> CInt? {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(entry.ai_family, kind, 0)
        guard descriptor >= 0 else {
            failure = errno
            return nil
        }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        if bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0, Foundation.listen(descriptor, backlog) == 0 {
            return descriptor
        }
        failure = errno
        close(descriptor)
        return nil
    }

    /// The port that `descriptor` is bound to.
    static func port(of descriptor: CInt) -> UInt16 {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes in
            getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard code == 0 else { return 0 }
        // The port stands in the same place for both families: ip(7), ipv6(7).
        return withUnsafeBytes(of: address) { $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self) }.bigEndian
    }
}

/// Why a port cannot be served, as a stage says it of its status.
package struct StatusServerError: Error, Equatable, CustomStringConvertible {
    package let address: String
    /// What the system said.
    package let answer: String
    /// The same, and what would cure it.
    package let reason: String

    package var description: String { "cannot serve status on \(address): \(reason)" }

    init(address: String, reason: String) {
        self.address = address
        answer = reason
        self.reason = "\(reason) (--metrics-host)"
    }

    /// - Parameter code: of errno.
    init(address: String, code: CInt) {
        self.address = address
        let said = String(cString: strerror(code))
        answer = said
        reason =
            switch code {
            case EADDRINUSE: "\(said): the port is taken; choose another with --metrics-port, or 0 for none"
            case EACCES: "\(said): choose a port above 1023 with --metrics-port, or 0 for none"
            default: "\(said) (--metrics-host, --metrics-port)"
            }
    }
}
