import Messages
package import Queue
package import Redis

/// Results published on Redis channels: `redis-pubsub`'s result side.
///
/// One sink serves all queues of one server: what belongs to a request is found by its receipt.
package actor RedisChannelSink: ResultSink {
    private let thread = QueueThread(name: "redis-results")
    private let client: RedisClient
    private let defaultChannel: String
    private var store = RedisStore(.redisPubSub)
    private var state = QueueHealth.unreachable(reason: "not connected yet")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter defaultChannel: Where results go that name no destination.
    package init(url: RedisURL, defaultChannel: String = "result-queue") {
        client = RedisClient(url)
        self.defaultChannel = defaultChannel
    }

    package func connect() throws(QueueError) {
        try noting { () throws(RedisError) in _ = try client.send(RedisCommand("PING")) }
    }

    package func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(RedisError) in
            let claims = batch.map { ClaimReceipt($0.receipt) }
            let letters = try deadLetters(batch, claims)
            var calls: [RedisCall] = []
            for (index, settlement) in batch.enumerated() {
                if let claim = claims[index] { calls.append(call(settlement, claim, letter: letters[index])) }
            }
            var replies = try client.run(calls)[...]
            return try claims.map { claim throws(RedisError) in
                guard claim != nil, let reply = replies.popFirst() else { return .stale }
                return try status(reply)
            }
        }
    }

    package func identity() throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    package func health() -> QueueHealth { state }

    private func call(_ settlement: Settlement, _ claim: ClaimReceipt, letter: [UInt8]?) -> RedisCall {
        let channel = settlement.destination.isEmpty ? defaultChannel : settlement.destination
        switch settlement.action {
        case .result(let result):
            return SettleScripts.publish(claim, to: channel, result)
        case .park(let delay, let attempts):
            return SettleScripts.park(claim, afterMilliseconds: delay, failedAttempts: attempts)
        case .release:
            return SettleScripts.release(claim)
        case .deadLetter(_, let result):
            return SettleScripts.deadLetter(claim, document: letter ?? [], channel: channel, result: result ?? [])
        }
    }

    /// What one settlement's script answered.
    ///
    /// An error that passes (no memory, failover) is thrown: then the whole batch is settled again, and what has been
    /// settled already is stale.
    private func status(_ reply: RedisReply) throws(RedisError) -> SettlementStatus {
        if case .error(let reason) = reply {
            let error = RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
            if error.isTransient { throw error }
            return .refused(reason: reason)
        }
        return reply.integer == 1 ? .settled : .stale
    }

    /// The documents for the dead letters of a batch, by index; one round trip if there are any.
    private func deadLetters(
        _ batch: [Settlement], _ claims: [ClaimReceipt?]
    ) throws(RedisError) -> [Int: [UInt8]] {
        let wanted = batch.indices.filter { index in
            guard case .deadLetter = batch[index].action else { return false }
            return claims[index] != nil
        }
        if wanted.isEmpty { return [:] }
        var commands = [RedisCommand("TIME")]
        for case let claim? in wanted.map({ claims[$0] }) {
            commands.append(RedisCommand("HGET", claim.keys.claimed, claim.id))
            commands.append(RedisCommand("HGET", claim.keys.deliveries, claim.id))
        }
        let replies = try client.send(commands)
        let time = try client.checked(replies[0], "TIME").array?.first?.integer ?? 0
        var letters: [Int: [UInt8]] = [:]
        for (position, index) in wanted.enumerated() {
            let deliveries = Int(replies[2 * position + 2].integer ?? 0)
            guard let stored = replies[2 * position + 1].bytes, let claim = claims[index] else { continue }
            let entry = StoredEntry(stored: stored[...])
            guard case .deadLetter(let reason, _) = batch[index].action else { continue }
            letters[index] =
                DeadLetterDocument(
                    queue: claim.queue, id: batch[index].id, reason: reason, time: time, deliveries: deliveries,
                    attempts: entry.retryCount, body: entry.document(queue: JSONObject.quoted(claim.queue))
                ).encoded
        }
        return letters
    }

    /// Remembers whether the server answered.
    private func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(RedisError) {
            let value = try body()
            state = .reachable
            return value
        } catch {
            state = .unreachable(reason: error.description)
            throw QueueError(error)
        }
    }
}
