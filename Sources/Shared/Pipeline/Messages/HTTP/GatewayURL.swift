/// An http or https URL in its parts.
struct GatewayURL {
    /// Scheme, user, host and port, such as `http://gateway:8080`.
    let origin: String
    /// Begins with `/`, or is empty.
    let path: String
    /// Begins with `?`, or is empty.
    let query: String

    /// Throws with what is wrong with `url`, without repeating it.
    init(_ url: String) throws(InvalidRequest) {
        if let byte = url.utf8.first(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "\\") }) {
            throw InvalidRequest("byte \(byte) cannot stand in a URL")
        }
        if url.contains("#") { throw InvalidRequest("a fragment (#) makes no sense here") }
        let lowered = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowered.hasPrefix) else {
            throw InvalidRequest("expected http://… or https://…")
        }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        try Self.checkAuthority(authority)
        let tail = rest.dropFirst(authority.count)
        origin = scheme + authority
        path = String(tail.prefix { $0 != "?" })
        query = String(tail.dropFirst(path.count))
    }

    /// This URL's own path with `path` below it; the query stays.
    func join(_ path: String) throws(InvalidRequest) -> String {
        if path.isEmpty { return origin + self.path + query }
        var base = self.path[...]
        while base.last == "/" { base.removeLast() }
        return try origin + base + EndpointPath.clean(path) + query
    }

    private static func checkAuthority(_ authority: Substring) throws(InvalidRequest) {
        let address = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let host: Substring
        let port: Substring
        if address.first == "[" {
            guard let end = address.firstIndex(of: "]") else { throw InvalidRequest("the host's ] is missing") }
            host = address[...end]
            port = address[end...].dropFirst()
        } else {
            host = address.prefix { $0 != ":" }
            port = address.dropFirst(host.count)
        }
        if host.isEmpty || host == "[]" { throw InvalidRequest("no host") }
        if port.isEmpty { return }
        guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0, port.dropFirst().first != "+" else {
            throw InvalidRequest("expected a port from 1 to 65535 after the host")
        }
    }
}
