/// Where a Redis server is, and who we are there.
///
/// `redis://[user[:password]@]host[:port][/db][?db=n]`, `unix://[user[:password]@]/path[?db=n]` or plain `host[:port]`.
/// Percent-encoding is undone in user and password. Whatever else a URL asks for is refused: clients of other languages
/// know other parameters, and none of them may be dropped in silence. Never described with its password.
package struct RedisURL: Sendable, Hashable, CustomStringConvertible {
    package enum Endpoint: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// Empty for the server's default user.
    package var user: String
    /// Empty for no AUTH.
    package var password: String
    package var database: Int

    package init(_ endpoint: Endpoint, user: String = "", password: String = "", database: Int = 0) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
    }

    /// Reads a URL or `host[:port]`.
    ///
    /// - Throws: `RedisError`, never transient, that says what is wrong; without the password.
    package init(_ text: String) throws(RedisError) {
        guard let colon = text.firstRange(of: "://") else {
            let (host, port) = try Self.hostAndPort(text[...], in: text)
            self.init(.tcp(host: host, port: port))
            return
        }
        let rest = text[colon.upperBound...]
        switch text[..<colon.lowerBound].lowercased() {
        case "redis": try self.init(redis: rest)
        case "unix": try self.init(unix: rest)
        case "rediss": throw Self.wrong("rediss:// needs TLS, and this program's Redis client (hiredis 0.14) has none")
        case let scheme: throw Self.wrong("scheme '\(scheme)' is not redis or unix")
        }
    }

    private init(redis rest: Substring) throws(RedisError) {
        let (login, place) = Self.split(rest)
        let (address, query) = Self.cut(place, "?")
        let (authority, path) = Self.cut(address, "/")
        let (host, port) = try Self.hostAndPort(authority, in: "redis://\(address)")
        self.init(.tcp(host: host, port: port))
        try setLogin(login)
        let number = path.flatMap { $0.isEmpty ? nil : $0 }
        if let number { try setDatabase(number) }
        try setParameters(query, isDatabaseKnown: number != nil)
    }

    private init(unix rest: Substring) throws(RedisError) {
        let (login, place) = Self.split(rest)
        let (path, query) = Self.cut(place, "?")
        // sockaddr_un has 108 bytes, one of them for the end: unix(7).
        guard path.hasPrefix("/"), path.utf8.count <= 107 else {
            throw Self.wrong("unix:// needs an absolute path of 107 bytes at most")
        }
        self.init(.unix(path: String(path)))
        try setLogin(login)
        try setParameters(query, isDatabaseKnown: false)
    }

    /// `db` is the only one known.
    private mutating func setParameters(_ query: Substring?, isDatabaseKnown: Bool) throws(RedisError) {
        var isKnown = isDatabaseKnown
        for parameter in query?.split(separator: "&") ?? [] {
            let (name, value) = Self.cut(parameter, "=")
            guard name == "db" else { throw Self.wrong("the parameter '\(name)' is not known here; only db is") }
            if isKnown { throw Self.wrong("names its database twice") }
            try setDatabase(value ?? "")
            isKnown = true
        }
    }

    private mutating func setLogin(_ login: Substring?) throws(RedisError) {
        guard let login else { return }
        let parts = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
        guard let name = parts[0], let secret = parts.count == 2 ? parts[1] : "" else {
            throw Self.wrong("user or password is not percent-encoded UTF-8")
        }
        user = name
        password = secret
    }

    private mutating func setDatabase(_ text: Substring) throws(RedisError) {
        // Redis counts its databases with 32 bits.
        guard let number = Int32(text), number >= 0, text.first != "+" else {
            throw Self.wrong("database '\(text)' is not a number")
        }
        database = Int(number)
    }

    /// Without the password: `redis://user@host:6379/2`.
    package var description: String {
        let login = user.isEmpty ? "" : "\(user)@"
        switch endpoint {
        case .tcp(let host, let port):
            return "redis://\(login)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .unix(let path): return "unix://\(login)\(path)\(database == 0 ? "" : "?db=\(database)")"
        }
    }
}

extension RedisURL {
    /// What stands before and after the first `mark`; `nil` without one.
    private static func cut(_ text: Substring, _ mark: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    /// Login, if any, and what follows the last `@` before the path.
    private static func split(_ rest: Substring) -> (login: Substring?, place: Substring) {
        guard let at = rest.lastIndex(of: "@") else { return (nil, rest) }
        return (rest[..<at], rest[rest.index(after: at)...])
    }

    private static func hostAndPort(_ text: Substring, in whole: String) throws(RedisError) -> (String, Int) {
        var host = text
        var port = "6379"[...]
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if rest.hasPrefix(":") {
                port = rest.dropFirst()
            } else if !rest.isEmpty {
                throw wrong("'\(whole)' is not host:port")
            }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard let number = Int(port), (1...65535).contains(number), port.first != "+" else {
            throw wrong("port '\(port)' is not 1-65535")
        }
        let isAddress6 = text.hasPrefix("[")
        guard host.contains(":") == isAddress6,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/,@#?[]".utf8.contains($0) })
        else { throw wrong("'\(host)' is not a host; IPv6 addresses stand in []") }
        return (host.isEmpty ? "localhost" : String(host), number)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
                bytes.append(code)
                rest = rest.dropFirst(2)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func wrong(_ reason: String) -> RedisError {
        RedisError(operation: "Redis address", reason: reason, kind: .settings)
    }
}
