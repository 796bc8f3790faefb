package import Queue
package import Redis

extension Backlog {
    /// Of sorted sets: counts and one entry, which cost the server the same whatever waits there.
    ///
    /// What it does not answer, or does not let this user ask, stays `nil`.
    /// - Parameters:
    ///   - waiting: The key of what waits to be leased; `nil` where nothing can.
    ///   - parked: The key of what waits for a retry; scores: when it is due, seconds since 1970.
    package init(_ client: RedisClient, waiting: String?, parked: String) {
        let commands = [
            RedisCommand("ZCOUNT", parked, "-inf", "+inf"), RedisCommand("ZRANGE", parked, "0", "0", "WITHSCORES"),
        ]
        guard
            let replies = try? client.send(
                commands + (waiting.map { [RedisCommand("ZCOUNT", $0, "-inf", "+inf")] } ?? []))
        else {
            self.init()
            return
        }
        let due = replies[1].array?.last?.text.flatMap(Double.init)
        self.init(
            waiting: waiting == nil ? nil : replies[2].integer.flatMap { Int(exactly: $0) },
            parked: replies[0].integer.flatMap { Int(exactly: $0) },
            nextDueMilliseconds: due.flatMap { Int64(exactly: ($0 * 1000).rounded()) })
    }
}
