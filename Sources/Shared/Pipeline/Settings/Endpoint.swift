/// One end of a socket, in the words of ZeroMQ: `tcp://host:port` or `ipc://path`.
///
/// Source: zmq_tcp(7), zmq_ipc(7).
package enum Endpoint: Sendable, Hashable {
    /// - Parameters:
    ///   - host: A name, an address (IPv6 without brackets), or `*` for all addresses.
    ///   - port: 0 for any free port.
    case tcp(host: String, port: Int)
    /// A socket in the file system; at most 107 bytes.
    case ipc(path: String)

    package init(_ text: String) throws(SettingsError) {
        if text.hasPrefix("tcp://") {
            self = try Self.tcp(text.dropFirst("tcp://".count))
        } else if text.hasPrefix("ipc://") {
            let path = text.dropFirst("ipc://".count)
            // sockaddr_un has 108 bytes, one of them for the end: unix(7).
            guard !path.isEmpty, path.utf8.count <= 107 else {
                throw SettingsError("expected ipc://PATH with a path of 1 to 107 bytes")
            }
            self = .ipc(path: String(path))
        } else {
            throw SettingsError("expected tcp://HOST:PORT or ipc://PATH")
        }
    }

    private static func tcp(_ text: Substring) throws(SettingsError) -> Endpoint {
        guard let colon = text.lastIndex(of: ":") else { throw SettingsError("expected tcp://HOST:PORT") }
        let digits = text[text.index(after: colon)...]
        guard let port = digits == "*" ? 0 : Int(digits), (0...65_535).contains(port), digits.first != "+" else {
            throw SettingsError("expected a port from 1 to 65535 after the host")
        }
        return .tcp(host: try hostName(text[..<colon]), port: port)
    }

    /// A host without its brackets.
    static func hostName(_ text: Substring) throws(SettingsError) -> String {
        let inner = text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text
        let isAddress6 = inner.contains(":")
        guard !inner.isEmpty, isAddress6 == (inner.count < text.count),
            inner.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x2F && $0 < 0x7F })
        else {
            throw SettingsError("expected a host name, an address ([…] around IPv6) or *")
        }
        return String(inner)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port):
            "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port == 0 ? "*" : String(port))"
        case .ipc(let path): "ipc://\(path)"
        }
    }

    /// Whether it stands for all addresses of this machine.
    package var isWildcard: Bool {
        guard case .tcp(let host, _) = self else { return false }
        return ["*", "0.0.0.0", "::"].contains(host)
    }

    /// Whether only this machine can reach it.
    package var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .ipc: true
        }
    }

    /// Whether one machine cannot listen at both.
    func excludes(_ other: Endpoint) -> Bool {
        switch (self, other) {
        case (.ipc(let path), .ipc(let otherPath)): path == otherPath
        case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)):
            port == otherPort && port != 0 && (host == otherHost || isWildcard || other.isWildcard)
        case (.ipc, .tcp), (.tcp, .ipc): false
        }
    }
}
