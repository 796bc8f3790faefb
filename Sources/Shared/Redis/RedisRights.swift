/// Commands that a user must be allowed to call, so that a right that is missing is said at the start, by its name,
/// and not by the first request that meets it.
///
/// Asking changes nothing: the commands run in one script, on a key that is gone again at its end; those that would make
/// a list, a hash or a string find a sorted set. Keys are not what is asked about: whoever may not touch this one may
/// still call the command.
package struct RedisRights: Sendable {
    /// What a stage does with them, for the error.
    private let purpose: String
    private let needed: Set<String>
    private let optional: Set<String>

    /// What settles requests of sorted sets: without `MGET` and `DEL` the producers' keys stay.
    package static let settling = RedisRights(
        purpose: "settle requests",
        needed: common.union(["LPUSH", "RPUSH", "RPOP"]), optional: ["MGET", "DEL"])

    /// What claims requests of sorted sets, renews and gives back.
    package static let claiming = RedisRights(
        purpose: "claim requests",
        needed: common.union(["ZRANGE", "ZREMRANGEBYRANK", "ZCOUNT", "GET", "SET", "DEL", "HRANDFIELD"]), optional: [])

    private static let common: Set<String> = [
        "TIME", "HMGET", "HGET", "HSET", "HSETNX", "HDEL", "HEXISTS", "ZADD", "ZREM", "ZSCORE", "ZRANGEBYSCORE",
        "EXISTS",
    ]

    private static let key = "async:rights"
    private static let script = RedisScript(name: "rights", source: source)

    /// - Returns: what may not be called and need not be; `nil` if there is nothing.
    /// - Throws: what may not be called and must be, all of it; or when the server does not answer.
    package func check(_ client: RedisClient) throws(RedisError) -> RedisError? {
        let time = try client.send([RedisCommand("TIME")])[0]
        let reply = try client.run([Self.script.call(keys: []).with(Self.key)])[0]
        let refusals = [time.error.map { "\($0) (TIME)" }] + (reply.array?.map(\.text) ?? [reply.error])
        let denied = refusals.compactMap(\.self).filter { RedisRefusal($0) == .command }
        let missing = denied.filter { text in Self.command(of: text).map(needed.contains) ?? true }
        if let error = error(missing, client) { throw error }
        return error(denied.filter { text in Self.command(of: text).map(optional.contains) ?? false }, client)
    }

    private func error(_ denied: [String], _ client: RedisClient) -> RedisError? {
        if denied.isEmpty { return nil }
        return RedisError(
            operation: "\(purpose) on \(client.url)", reason: "rights are missing: \(denied.joined(separator: "; "))",
            kind: .answer)
    }

    /// `HDEL` of `… (HDEL async:rights)`.
    private static func command(of refusal: String) -> String? {
        refusal.lastIndex(of: "(").map { String(refusal[$0...].dropFirst().prefix { $0 != " " && $0 != ")" }) }
    }

    /// Without `ZREM` nothing is made that could not be removed.
    private static let source =
        ScriptText.calls + """
            local key, refusals = ARGV[1], {}
            local function ask(...)
              local refusal = try(...)
              refusals[#refusals + 1] = refusal
              return refusal
            end
            for _, read in ipairs({ 'HMGET', 'HGET', 'HDEL', 'HEXISTS', 'ZREM', 'ZSCORE' }) do ask(read, key, '') end
            for _, read in ipairs({ 'RPOP', 'MGET', 'DEL', 'GET', 'EXISTS', 'HRANDFIELD' }) do ask(read, key) end
            for _, read in ipairs({ 'ZRANGE', 'ZRANGEBYSCORE', 'ZCOUNT', 'ZREMRANGEBYRANK' }) do ask(read, key, 1, 0) end
            if not try('ZREM', key, 'x') and not ask('ZADD', key, 0, 'x') then
              for _, write in ipairs({ 'LPUSH', 'RPUSH' }) do ask(write, key, 'x') end
              for _, write in ipairs({ 'HSET', 'HSETNX' }) do ask(write, key, 'x', 'x') end
              ask('SET', key, 'x', 'NX')
              try('ZREM', key, 'x')
            end
            return refusals
            """
}
