import Messages
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// A sorted set on a server of its own, with what a test needs around it.
struct RedisSortedSetBench: Sendable {
    static let queue = "request-sortedset"
    static let list = "result-list"

    let server: RedisServer

    init() async throws { server = try await RedisServer() }

    func source(
        _ queue: String = queue, lease: Duration = .seconds(30), settings: RedisSortedSetSettings? = nil,
        url: RedisURL? = nil, scripts: RedisSortedSetScripts = .standard
    ) async throws -> RedisSortedSetSource {
        let source = RedisSortedSetSource(
            url: url ?? server.url, queue: .sortedSet(queue),
            settings: settings ?? RedisSortedSetSettings(lease: lease), logger: .silent, scripts: scripts)
        try await source.connect()
        return source
    }

    func sink(url: RedisURL? = nil) -> RedisSortedSetSink { RedisSortedSetSink(url: url ?? server.url) }

    /// Puts requests on the queue, with rising scores from `score` on.
    func submit(_ bodies: String..., to queue: String = queue, score: Double = 1_900_000_000) throws {
        for (offset, body) in bodies.enumerated() {
            try server.zadd(queue, score: score + Double(offset), Array(body.utf8))
        }
    }

    func settlement(
        _ delivery: Delivery, id: String = "a", to list: String = list, _ action: Settlement.Action
    ) -> Settlement {
        Settlement(receipt: delivery.receipt, queue: Self.queue, destination: list, id: id, action: action)
    }

    func result(_ delivery: Delivery, id: String = "a", to list: String = list, _ text: String) -> Settlement {
        settlement(delivery, id: id, to: list, .result(Bytes(text.utf8)))
    }

    /// The elements of a list in the order a consumer pops them from its tail.
    func popped(_ list: String = list) throws -> [String] {
        try (server.command("LRANGE", list, 0, -1).array ?? []).compactMap(\.text).reversed()
    }

    func members(_ set: String) throws -> [String] {
        try (server.command("ZRANGE", set, 0, -1).array ?? []).compactMap(\.text)
    }

    func keys() throws -> [String] { try (server.command("KEYS", "*").array ?? []).compactMap(\.text).sorted() }

    /// Makes a lease look expired, as its holder's death would.
    ///
    /// After the start of a server nothing is taken over for a third of a lease.
    func expireLeases(of queue: String = queue) throws {
        let leases = RedisSortedSetKeys(queue: queue, retrySet: "retry-sortedset").leases
        for member in try members(leases) { _ = try server.command("ZADD", leases, 1, member) }
    }

    /// Makes parked requests due.
    func makeDue(_ retrySet: String = "retry-sortedset") throws {
        for member in try members(retrySet) { _ = try server.command("ZADD", retrySet, 1, member) }
    }
}

extension Delivery {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension RequestSource {
    /// Leases until `count` requests are there or `limit` has passed.
    func take(_ count: Int, within limit: Duration = .seconds(10)) async throws -> [Delivery] {
        let taken = try await withThrowingTaskGroup(of: [Delivery].self) { group in
            group.addTask {
                var deliveries: [Delivery] = []
                while deliveries.count < count, !Task.isCancelled {
                    // As ingest does: a server that is away is asked again.
                    do throws(QueueError) { deliveries += try await lease(limit: count - deliveries.count) } catch {}
                }
                return deliveries
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return []
            }
            let first = try await group.next() ?? []
            group.cancelAll()
            return try await group.next().map { first.isEmpty ? $0 : first } ?? first
        }
        return taken
    }

    /// Whether nothing is handed out for so long.
    func isQuiet(for time: Duration = .milliseconds(300)) async throws -> Bool {
        try await take(1, within: time).isEmpty
    }
}
