package import Queue
package import Redis

extension Backlog {
    /// The sorted sets and the hash that are counted.
    package struct RedisKeys: Sendable {
        /// What waits to be leased, by deadline in Unix seconds; `nil` where nothing waits in a set.
        package var waiting: String?
        /// What waits for a retry; scores: when it is due, seconds since 1970.
        package var parked: String
        package var leases: String?
        /// A hash of submissions whose bytes are leased or parked.
        package var behind: String?

        package init(waiting: String? = nil, parked: String, leases: String? = nil, behind: String? = nil) {
            self.waiting = waiting
            self.parked = parked
            self.leases = leases
            self.behind = behind
        }
    }

    /// Of sorted sets: a bounded number of counts, which cost the server much the same whatever waits there.
    ///
    /// What it does not answer, or does not let this user ask, stays `nil`.
    /// - Parameter now: Unix seconds.
    package init(_ client: RedisClient, _ keys: RedisKeys, now: Double = 0) {
        self.init()
        isUntold = keys.waiting == nil
        var commands = [
            RedisCommand("ZCOUNT", keys.parked, "-inf", "+inf"),
            RedisCommand("ZRANGE", keys.parked, "0", "0", "WITHSCORES"),
        ]
        if let leases = keys.leases { commands.append(RedisCommand("ZCOUNT", leases, "-inf", "+inf")) }
        if let behind = keys.behind { commands.append(RedisCommand("HLEN", behind)) }
        if let waiting = keys.waiting {
            commands.append(RedisCommand("ZCOUNT", waiting, "-inf", "+inf"))
            commands += Self.counts(waiting, DeadlineLadder.steps, now)
        }
        guard let answers = try? client.send(commands) else { return }
        var replies = answers[...]
        parked = replies.popFirst()?.count
        nextDueMilliseconds = replies.popFirst()?.array?.last?.text.flatMap(Double.init)
            .flatMap { Int64(exactly: ($0 * 1000).rounded()) }
        if keys.leases != nil { leased = replies.popFirst()?.count }
        if keys.behind != nil { behind = replies.popFirst()?.count ?? 0 }
        guard let key = keys.waiting, let total = replies.popFirst()?.count else { return }
        waiting = total
        deadlines = Self.deadlines(client, key, replies, total: total, now)
    }

    /// What was counted at each step, and what is counted once more where most deadlines lie.
    private static func deadlines(
        _ client: RedisClient, _ key: String, _ replies: ArraySlice<RedisReply>, total: Int, _ now: Double
    ) -> DeadlineCounts? {
        guard let found = points(DeadlineLadder.steps, replies) else { return nil }
        let counts = DeadlineCounts(found, total: total)
        let more = DeadlineLadder.refine(counts)
        guard !more.isEmpty else { return counts }
        guard let replies = try? client.send(Self.counts(key, more, now)), let found = points(more, replies[...]) else {
            return counts
        }
        return counts.adding(found)
    }

    private static func counts(_ key: String, _ steps: [Double], _ now: Double) -> [RedisCommand] {
        steps.map { RedisCommand("ZCOUNT", key, "-inf", "\(now + $0)") }
    }

    private static func points(_ steps: [Double], _ replies: ArraySlice<RedisReply>) -> [DeadlineCounts.Point]? {
        let counts = replies.compactMap(\.count)
        guard counts.count == steps.count else { return nil }
        return zip(steps, counts).map { DeadlineCounts.Point(left: $0, count: $1) }
    }
}

extension RedisReply {
    fileprivate var count: Int? { integer.flatMap { Int(exactly: $0) } }
}
