import Messages
import Primitives
package import Redis

/// The names under which requests are kept on a server, whichever process serves them: no result may go there.
///
/// Each ingest process writes down its own once a minute, in the sorted set `async:queues`: name, and when it was last
/// served, Unix seconds. A name counts for an hour: long enough for an ingest process that is restarted, and not so long
/// that a name could not become that of a result list. A user who may not touch the key goes without: then a process
/// knows only the names in its own settings and messages.
package struct ServedNames: Sendable {
    package static let key = "async:queues"
    private static let lifetime: Int64 = 3600
    private static let interval = Duration.seconds(60)
    private static let list = RedisScript(
        name: "served-names", source: ScriptText.joined(PackageResources.served_names_lua))

    private let names: [String]
    private var next = ContinuousClock.now

    package init(_ names: [String]) { self.names = names }

    /// Writes the names down, at most once a minute.
    package mutating func note(_ client: RedisClient) throws(RedisError) {
        guard !names.isEmpty, ContinuousClock.now >= next else { return }
        let times = Self.times
        var commands = names.map { RedisCommand("ZADD", Self.key, WallClock.now().seconds, $0) }
        commands.append(RedisCommand("ZREMRANGEBYSCORE", Self.key, "-inf", "(\(times.lowerBound)"))
        commands.append(RedisCommand("ZREMRANGEBYSCORE", Self.key, "(\(times.upperBound)", "+inf"))
        commands.append(RedisCommand("EXPIRE", Self.key, Self.lifetime))
        _ = try client.send(commands)
        next = .now + Self.interval
    }

    /// All names, as far as this user may read them.
    package static func all(_ client: RedisClient) throws(RedisError) -> [String] {
        let reply = try client.run([list.call(keys: [key]).with(times.lowerBound, times.upperBound)])[0]
        return (reply.array ?? []).compactMap(\.text)
    }

    /// When a name must have been served last to count; the clocks of machines may differ by as much.
    static var times: ClosedRange<Int64> {
        let now = WallClock.now().seconds
        return (now - lifetime)...(now + lifetime)
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
        let times = Double(ServedNames.times.lowerBound)...Double(ServedNames.times.upperBound)
        let replies = try client.send(asked.map { RedisCommand("ZSCORE", ServedNames.key, $0.text) })
        for (name, reply) in zip(asked, replies) {
            let score = reply.text.flatMap(Double.init)
            let isServed = score.map { times.contains($0) } ?? false
            known[name] = Verdict(isServed: isServed, until: now + (isServed ? .seconds(60) : .seconds(5)))
        }
        return true
    }

    package func holdsRequests(_ name: String) -> Bool { known[ExactText(name)]?.isServed ?? false }
}
