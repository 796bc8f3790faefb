/// Who may ask what: pages of other sites, which the same browser shows, may ask nothing.
///
/// A site can have its own name stand for 127.0.0.1 (DNS rebinding), so the name in `Host` has to be one of ours; and it can
/// send what a form could send, so changes need what only a script of our own page can send.
/// Sources: Fetch Standard, sections on `Origin` and CORS-safelisted requests; Fetch Metadata Request Headers.
struct AccessRules: Sendable {
    /// Hosts under which it is reached, beside those of loopback; in small letters.
    var names: Set<String> = []
    var allowsChanges: Bool
    /// Only the page knows it, and it is another one for each run.
    var token: String

    /// A token that nobody can guess.
    static func newToken() -> String {
        // The system's generator is fit for secrets.
        (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 16) }.joined(separator: "-")
    }

    /// Why a request is refused; `nil` when it is not.
    func refusal(of request: UIRequest) -> UIAnswer? {
        guard let host = request.headers["host"], let name = Self.name(in: host), isOurs(name) else {
            return .error(
                403,
                "\(request.headers["host"] ?? "nothing") is no name of this machine's own; --allow-name takes others")
        }
        // The page itself is nothing secret without what it asks for, and may be opened by a link.
        if request.method == "GET", request.path == "/" { return nil }
        if let origin = request.headers["origin"], !Self.isSame(origin, host) {
            return .error(403, "asked by a page of another origin, \(origin)")
        }
        if let site = request.headers["sec-fetch-site"], !["same-origin", "none"].contains(site) {
            return .error(403, "asked by a page of another site")
        }
        return request.method == "GET" ? nil : refusalOfChange(request)
    }

    private func refusalOfChange(_ request: UIRequest) -> UIAnswer? {
        if !allowsChanges { return .error(403, "this page only shows; start apctl ui with --allow-changes") }
        if request.headers["origin"] == nil { return .error(403, "a change that does not say which page asks for it") }
        let type = request.headers["content-type"]?.prefix { $0 != ";" }.lowercased()
        if type != "application/json" { return .error(415, "a change is asked for as application/json") }
        if request.headers["x-token"] != token {
            return .error(403, "the page is of an earlier run of apctl ui; load it again")
        }
        return nil
    }

    private func isOurs(_ name: String) -> Bool { Self.isLoopback(name) || names.contains(name) }

    /// Whether only this machine can be meant.
    static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { isOctet($0) }
    }

    /// Whether it is an address in numbers, IPv4 or IPv6, that names one machine or all of this one's.
    static func isAddress(_ text: String) -> Bool {
        if text.contains(":") { return text.utf8.allSatisfy { ("0123456789abcdefABCDEF:.").utf8.contains($0) } }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { isOctet($0) }
    }

    private static func isOctet(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) } && UInt8(text) != nil
    }

    /// The name in `host`, or `host:port`, in small letters; an IPv6 address stands in brackets and is returned without.
    static func name(in host: String) -> String? {
        let host = host.lowercased()
        let rest: Substring
        let name: Substring
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            name = host[..<end].dropFirst()
            rest = host[host.index(after: end)...]
        } else {
            name = host.prefix { $0 != ":" }
            rest = host.dropFirst(name.count)
        }
        let isPort = rest.isEmpty || rest.hasPrefix(":") && UInt16(rest.dropFirst()) != nil
        return isPort && !name.isEmpty ? String(name) : nil
    }

    /// Whether a page of `origin` came from where it asks now.
    private static func isSame(_ origin: String, _ host: String) -> Bool {
        let (origin, host) = (origin.lowercased(), host.lowercased())
        // Through a proxy that adds TLS it is https.
        return origin == "http://\(host)" || origin == "https://\(host)"
    }
}
