import Messages
import Queue
import Redis
import RedisPubSub
import RedisQueues

/// Renews and releases leases, on a connection and a thread of its own.
actor RedisPubSubRenewer {
    /// Claims per call of a script: enough to be cheap, few enough that other clients do not wait for the server.
    private static let chunk = 500

    private let thread = QueueThread(name: "redis-leases")
    private let client: RedisClient
    private let lease: Duration
    private let parked: String
    private var store: RedisStore

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(url: RedisURL, lease: Duration, queue: QueueSettings) {
        client = RedisClient(url)
        self.lease = lease
        parked = RedisPubSubKeys(retrySet: queue.retryQueue).parked(queue.name)
        store = RedisStore(.redisPubSub, serving: [queue.name, queue.retryQueue])
    }

    func identity() throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    /// Nothing waits on a channel itself.
    func backlog() -> Backlog { Backlog(client, Backlog.RedisKeys(parked: parked)) }

    /// Names under which others keep requests on this server.
    func servedNames() -> [String] { (try? ServedNames.all(client)) ?? [] }

    func renew(_ receipts: [Receipt]) throws(QueueError) -> [Receipt] {
        let claims = receipts.compactMap { receipt in RedisPubSubReceipt(receipt).map { (receipt, $0) } }
        var lost = receipts.filter { RedisPubSubReceipt($0) == nil }
        var chunks: [ArraySlice<(Receipt, RedisPubSubReceipt)>] = []
        for group in Dictionary(grouping: claims, by: { $0.1.retrySet }).values {
            chunks += stride(from: 0, to: group.count, by: Self.chunk).map { group[$0...].prefix(Self.chunk) }
        }
        do throws(RedisError) {
            let replies = try client.run(chunks.map(renewal))
            for (chunk, reply) in zip(chunks, replies) {
                let held = try client.checked(reply, "renew").array ?? []
                lost += zip(chunk, held).filter { $0.1.integer == 0 }.map(\.0.0)
            }
        } catch {
            throw QueueError(error)
        }
        return lost
    }

    private func renewal(_ claims: ArraySlice<(Receipt, RedisPubSubReceipt)>) -> RedisCall {
        let keys = claims.first?.1.keys ?? RedisPubSubKeys(retrySet: "")
        var call = RedisPubSubClaimScripts.renew.call(keys: [keys.leases, keys.owners]).with(lease.milliseconds)
        for (_, claim) in claims {
            call.append(claim.id)
            call.append(claim.owner)
        }
        return call
    }

    func release(_ receipts: [Receipt]) throws(QueueError) {
        do throws(RedisError) {
            let calls = receipts.compactMap { RedisPubSubReceipt($0) }.map { RedisPubSubScripts.release($0) }
            for reply in try client.run(calls) { _ = try client.checked(reply, "release") }
        } catch {
            throw QueueError(error)
        }
    }
}
