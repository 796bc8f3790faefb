import Messages
import Primitives
import Queue
import Redis
import RedisQueues
import RedisSortedSet

/// Renews and releases leases, on a connection and a thread of its own.
actor RedisSortedSetRenewer {
    private let thread = QueueThread(name: "redis-leases")
    private let client: RedisClient
    private let keys: RedisSortedSetKeys
    private let lease: Duration
    private let scripts: RedisSortedSetScripts
    private let shared: RedisSortedSetState
    private var store: RedisStore

    /// Leases per call of a script.
    private static let chunk = 256

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        url: RedisURL, keys: RedisSortedSetKeys, lease: Duration, scripts: RedisSortedSetScripts,
        shared: RedisSortedSetState
    ) {
        client = RedisClient(url)
        self.keys = keys
        store = RedisStore(.redisSortedSet, serving: [keys.queue, keys.retrySet])
        self.lease = lease
        self.scripts = scripts
        self.shared = shared
    }

    func identity() throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    func backlog() -> Backlog {
        let counted = Backlog.RedisKeys(
            waiting: keys.queue, parked: keys.parked, leases: keys.leases, behind: keys.again)
        return Backlog(client, counted, now: Double(WallClock.now().milliseconds) / 1000)
    }

    /// Names under which others keep requests on this server.
    func servedNames() -> [String] { (try? ServedNames.all(client)) ?? [] }

    func renew(_ receipts: [Receipt]) throws(QueueError) -> [Receipt] {
        var lost: [Receipt] = []
        var held: [(Receipt, RedisSortedSetReceipt)] = []
        for receipt in receipts {
            if let parsed = RedisSortedSetReceipt(receipt) {
                held.append((receipt, parsed))
            } else {
                lost.append(receipt)
            }
        }
        let chunks = stride(from: 0, to: held.count, by: Self.chunk).map { held[$0...].prefix(Self.chunk) }
        let calls = chunks.map { chunk in
            var call = scripts.renew.call(keys: [keys.leases, keys.state]).with(lease.milliseconds)
            for (_, receipt) in chunk {
                call.append(receipt.submission)
                call.append(receipt.owner)
            }
            return call
        }
        try shared.noting(.renewer) { () throws(RedisError) in
            for (chunk, reply) in zip(chunks, try client.run(calls)) {
                let answers = try client.checked(reply, "renew").array ?? []
                lost += zip(chunk, answers).filter { $0.1.integer == 0 }.map(\.0.0)
            }
        }
        return lost
    }

    /// Asks whether the server is there and takes writes.
    func check() throws(QueueError) { try shared.noting(.renewer) { () throws(RedisError) in try client.check() } }

    func release(_ receipts: [Receipt]) throws(QueueError) {
        let held = receipts.compactMap { RedisSortedSetReceipt($0) }
        let calls = stride(from: 0, to: held.count, by: Self.chunk).map { start in
            let releases = held[start...].prefix(Self.chunk).map {
                RedisSortedSetSettlement(receipt: $0, id: "", list: "", end: .release)
            }
            return RedisSortedSetSettlement.call(scripts.settle, keys: keys, releases)
        }
        try shared.noting(.renewer) { () throws(RedisError) in
            for reply in try client.run(calls) {
                for answer in try client.checked(reply, "release").array ?? [] {
                    if let text = answer.text, answer.integer == nil {
                        client.leave(after: text)
                        throw RedisError(operation: "release on \(client.url)", reason: text, kind: .answer)
                    }
                }
            }
        }
    }
}
