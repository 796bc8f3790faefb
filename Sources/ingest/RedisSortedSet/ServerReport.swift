import Logging
import Redis

/// The facts about a Redis server that matter to a queue kept there.
struct ServerReport: Equatable {
    struct Warning: Equatable {
        let message: String
        let metadata: Logger.Metadata
    }

    /// `nil` if the server does not report it (the user may lack the permission).
    private(set) var uptime: Duration?
    private(set) var warnings: [Warning] = []

    /// Asks the server.
    init(_ client: RedisClient) throws(RedisError) {
        let replies = try client.send([
            RedisCommand("PING"), RedisCommand("INFO"), RedisCommand("CONFIG", "GET", "save"),
        ])
        _ = try client.checked(replies[0], "PING")
        let save = replies[2].array.flatMap { $0.count == 2 ? $0[1].text : nil }
        self.init(info: replies[1].text ?? "", save: save)
    }

    /// - Parameters:
    ///   - info: the text of INFO; empty if reading it is not permitted.
    ///   - save: the setting of that name; `nil` if reading it is not permitted.
    init(info: String, save: String?) {
        var facts: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            facts[line[..<colon]] = line[line.index(after: colon)...]
        }
        uptime = facts["uptime_in_seconds"].flatMap { Int($0) }.map { .seconds($0) }
        warnAboutVersion(facts)
        if facts["role"] == "slave" {
            warn(
                "The server is a replica: it takes no writes, so no request can be leased",
                ["role": "replica", "primary": "\(facts["master_host"] ?? ""):\(facts["master_port"] ?? "")"])
        }
        warnAboutPersistence(facts, save: save)
        warnAboutEviction(facts)
    }

    private mutating func warnAboutVersion(_ facts: [Substring: Substring]) {
        // Valkey keeps answering with the version of Redis it is compatible with.
        guard let version = facts["redis_version"] else { return }
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        guard numbers.count >= 2, (numbers[0], numbers[1]) < (6, 2) else { return }
        warn("The server is older than Redis 6.2, the oldest this is made for", ["version": "\(version)"])
    }

    private mutating func warnAboutPersistence(_ facts: [Substring: Substring], save: String?) {
        guard let appends = facts["aof_enabled"], appends == "0" else { return }
        if save == "" {
            warn(
                "The server keeps nothing on disk: a restart of it loses every request",
                ["appendonly": "no", "save": ""])
        } else {
            warn(
                "The server keeps no append-only file: a restart of it may lose what came after its last snapshot",
                ["appendonly": "no", "save": "\(save ?? "unknown")"])
        }
    }

    private mutating func warnAboutEviction(_ facts: [Substring: Substring]) {
        guard let policy = facts["maxmemory_policy"], policy.hasPrefix("allkeys-") else { return }
        let limit = facts["maxmemory"] ?? "0"
        let message =
            limit == "0"
            ? "The server's eviction policy would drop whole queues if it had a memory limit"
            : "The server drops whole queues when it runs out of memory; noeviction keeps them"
        warn(message, ["maxmemory-policy": "\(policy)", "maxmemory": "\(limit)"])
    }

    private mutating func warn(_ message: String, _ metadata: Logger.Metadata) {
        warnings.append(Warning(message: message, metadata: metadata))
    }
}
