/// An http or https URL in its parts.
struct GatewayURL {
    /// Scheme, user, host and port, such as `http://gateway:8080`.
    let origin: String
    /// Begins with `/`, or is empty.
    let path: String
    /// Begins with `?`, or is empty.
    let query: String

    /// Splits `url`, which should have been checked.
    init(_ url: String) throws(InvalidRequest) {
        let bytes = url.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            throw InvalidRequest("expected http://… or https://…")
        }
        let authority = bytes.index(colon, offsetBy: 3)
        let end =
            bytes[authority...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.endIndex
        let queryStart = bytes[end...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        origin = String(url[..<end])
        path = String(url[end..<queryStart])
        query = String(url[queryStart...])
    }

    /// Throws with what is wrong with `url`, without repeating it.
    static func check(_ url: String) throws(InvalidRequest) {
        if let byte = url.utf8.first(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "\\") }) {
            throw InvalidRequest("byte \(byte) cannot stand in a URL")
        }
        if url.contains("#") { throw InvalidRequest("a fragment (#) makes no sense here") }
        let parts = url.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, ["http", "https"].contains(parts[0].lowercased()) else {
            throw InvalidRequest("expected http://… or https://…")
        }
        try checkAuthority(parts[1].prefix { $0 != "/" && $0 != "?" })
    }

    /// This URL's own path with `path` below it; its query stays, with that of `path` behind it.
    func join(_ path: String) throws(InvalidRequest) -> String {
        if path.isEmpty { return origin + self.path + query }
        let endpoint = try EndpointPath(path)
        var base = self.path.utf8[...]
        while base.last == UInt8(ascii: "/") { base.removeLast() }
        return origin + Substring(base) + endpoint.path + query(with: endpoint)
    }

    /// This URL with the path of `endpoint` in place of its own; its query stays, with that of `endpoint` behind it.
    func replacingPath(with endpoint: String) throws(InvalidRequest) -> String {
        let endpoint = try EndpointPath(endpoint)
        return origin + endpoint.path + query(with: endpoint)
    }

    private func query(with endpoint: EndpointPath) -> String {
        if endpoint.query.isEmpty { return query }
        return query.utf8.count < 2 ? "?\(endpoint.query)" : "\(query)&\(endpoint.query)"
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
