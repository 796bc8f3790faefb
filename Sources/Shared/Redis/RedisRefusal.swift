package import Queue

/// What an error reply says about trying again: its class, whatever the server's version wraps around it.
///
/// Redis 6.2 puts `ERR Error running script (call to f_…): @user_script:1: ` before what a command in a script
/// answered, and `@user_script: 1: -` before what it refused; from 7.0 on the code stands first. That a user may not do
/// something is `NOPERM` outside of scripts and has no code inside of them. Seen on Redis 6.2.14, 7.0.15, Valkey 9.1.
package enum RedisRefusal: Sendable, Equatable {
    /// It concerns everything that could be asked: a server that is starting, failing over, read-only or busy.
    case server
    /// The server does not know who asks.
    case login
    /// There is no room for this command; a smaller one may find some.
    case memory
    /// The user may not call a command.
    case command
    /// The user may not touch a key or a channel that the command names.
    case name
    /// A key holds something else than what the command is for.
    case wrongType
    /// More bytes than this server takes in one piece.
    case tooLarge
    case other

    package init(_ text: String) {
        let text = Self.unwrapped(text)
        let code = text.prefix { $0 != " " }
        self =
            switch code {
            case "OOM": .memory
            case "WRONGTYPE": .wrongType
            case "NOAUTH", "WRONGPASS": .login
            case _ where Self.serverCodes.contains(String(code)): .server
            default: Self.ofText(text)
            }
    }

    /// `MOVED` and `ASK` come from clusters, which cannot be used.
    ///
    /// `NOSCRIPT` comes here only when the scripts were flushed twice within one call.
    private static let serverCodes: Set<String> = [
        "LOADING", "READONLY", "MISCONF", "BUSY", "UNKILLABLE", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK",
        "CROSSSLOT", "NOREPLICAS", "NOSCRIPT", "NOMASTERLINK",
    ]

    /// Whether the server that answered so is not the one to talk to, or not yet: after a failover the old one stays
    /// behind its connections, and a new connection may lead to another.
    static func isOfWrongServer(_ text: String) -> Bool {
        wrongServerCodes.contains(String(unwrapped(text).prefix { $0 != " " }))
    }

    private static let wrongServerCodes: Set<String> = [
        "READONLY", "LOADING", "MASTERDOWN", "NOMASTERLINK", "NOAUTH", "WRONGPASS",
    ]

    private static func ofText(_ text: Substring) -> RedisRefusal {
        // The first of these decides: a name that somebody chose may follow it.
        let signs: [(String, RedisRefusal)] = [
            ("max number of clients", .server), ("permissions to access", .name), ("can't access", .name),
            ("can't publish to", .name), ("permissions to run", .command), ("can't run this command", .command),
            ("invalid bulk length", .tooLarge), ("exceeds maximum allowed size", .tooLarge),
        ]
        let found = signs.compactMap { sign, refusal in text.firstRange(of: sign).map { ($0.lowerBound, refusal) } }
        return found.min { $0.0 < $1.0 }?.1 ?? .other
    }

    /// What stands behind the places in scripts that the server puts in front.
    private static func unwrapped(_ text: String) -> Substring {
        var rest = text[...]
        if rest.hasPrefix("ERR Error running script (call to f_"), let end = rest.firstRange(of: "): ") {
            rest = rest[end.upperBound...]
        }
        while rest.hasPrefix("@user_script:") || rest.hasPrefix("user_script:") {
            guard let colon = rest.firstIndex(of: ":") else { break }
            let place = rest[rest.index(after: colon)...].drop { $0 == " " }
            let line = place.prefix { $0.isWholeNumber }
            guard !line.isEmpty, place[line.endIndex...].hasPrefix(": ") else { break }
            rest = place[line.endIndex...].dropFirst(2)
        }
        return rest.hasPrefix("-") ? rest.dropFirst() : rest
    }

    /// Whether trying again can help without anybody changing anything.
    var isTransient: Bool { self == .server || self == .memory }

    /// Whether anything else would be refused as well.
    package var concernsAll: Bool { self == .server || self == .login }

    /// Whether a call for many may be refused because of one of them.
    package var mayBeOfOne: Bool { self == .memory || self == .tooLarge || self == .other }

    /// What becomes of one settlement whose own place refused it; nothing was written.
    ///
    /// Given up is only what is proved to be final: a right can be granted, and memory be freed.
    /// - Parameter isNamed: The message itself named the place, so that it is nobody's but its producer's.
    package func status(_ reason: String, isNamed: Bool) -> SettlementStatus {
        switch self {
        case .tooLarge: .tooLarge(reason: reason)
        case .wrongType: .refused(reason: reason)
        case .name where isNamed: .refused(reason: reason)
        case .server, .login, .memory, .command, .name, .other: .delayed(reason: reason)
        }
    }
}
