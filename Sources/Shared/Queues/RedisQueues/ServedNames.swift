import Messages
import Primitives
package import Redis

/// The names under which requests are kept on a server, whichever process serves them: no result may go there.
///
/// Each ingest process writes down its own, in the sorted set `async:queues`: name, and when it was last served, Unix
/// seconds by the clock of ingest. A name that was not served for a day is forgotten. A user who may not touch the key
/// goes without: then only what the settings and the messages of one process name is known to it.
package struct ServedNames: Sendable {
    package static let key = "async:queues"
    fileprivate static let lifetime: Int64 = 86_400
    private static let interval = Duration.seconds(60)

    private let names: [String]
    private var next = ContinuousClock.now

    package init(_ names: [String]) { self.names = names }

    /// Writes the names down, at most once a minute.
    package mutating func note(_ client: RedisClient) throws(RedisError) {
        guard ContinuousClock.now >= next else { return }
        let now = WallClock.now().seconds
        let commands = names.map { RedisCommand("ZADD", Self.key, now, $0) }
        _ = try client.send(
            commands + [
                RedisCommand("ZREMRANGEBYSCORE", Self.key, "-inf", now - Self.lifetime),
                RedisCommand("EXPIRE", Self.key, Self.lifetime),
            ])
        next = .now + Self.interval
    }

    /// All names, as far as this user may read them.
    package static func all(_ client: RedisClient) throws(RedisError) -> [String] {
        let reply = try client.send([RedisCommand("ZRANGE", key, 0, 9999)])[0]
        return (reply.array ?? []).compactMap(\.text)
    }
}

/// Whether places that messages name for their results hold requests, asked of the server and remembered for a while.
package struct ServedPlaces: Sendable {
    private struct Verdict {
        var isServed: Bool
        var until: ContinuousClock.Instant
    }

    private var known: [ExactText: Verdict] = [:]
    /// Producers choose the names: there is an end to them.
    private static let maxNames = 4096

    package init() {}

    /// Asks about the names that nothing is known of; one round trip if there are any.
    ///
    /// - Returns: whether it asked.
    @discardableResult
    package mutating func look(for names: some Sequence<String>, _ client: RedisClient) throws(RedisError) -> Bool {
        let now = ContinuousClock.now
        let unknown = Set(names.map(ExactText.init)).filter { known[$0].map { $0.until < now } ?? true }
        if unknown.isEmpty { return false }
        if known.count + unknown.count > Self.maxNames { known = [:] }
        let asked = Array(unknown)
        let replies = try client.send(asked.map { RedisCommand("ZSCORE", ServedNames.key, $0.text) })
        for (name, reply) in zip(asked, replies) {
            let isServed = reply.error == nil && reply.text != nil
            known[name] = Verdict(isServed: isServed, until: now + (isServed ? .seconds(60) : .seconds(5)))
        }
        return true
    }

    package func holdsRequests(_ name: String) -> Bool { known[ExactText(name)]?.isServed ?? false }
}
