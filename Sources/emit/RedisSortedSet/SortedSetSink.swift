import Messages
package import Queue
package import Redis

/// Results put on Redis lists: `redis-sortedset`'s result side.
///
/// One sink serves all queues of one server: what belongs to a request is found by its receipt. A batch is one script
/// per queue, all in one round trip.
package actor SortedSetSink: ResultSink {
    private let thread = QueueThread(name: "redis-results")
    private let client: RedisClient
    private let defaultList: String
    private let script: RedisScript
    private var store = RedisStore(.redisSortedSet)
    private var state = QueueHealth.unreachable(reason: "not connected yet")
    private var askedAt = ContinuousClock.now

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - defaultList: Where results go that name no destination.
    ///   - scripts: the standard ones, but in tests.
    package init(url: RedisURL, defaultList: String = "result-list", scripts: SortedSetScripts = .standard) {
        client = RedisClient(url)
        self.defaultList = defaultList
        script = scripts.settle
    }

    package func connect() throws(QueueError) {
        try noting { () throws(RedisError) in try client.check() }
    }

    package func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(RedisError) in
            var statuses = [SettlementStatus](repeating: .stale, count: batch.count)
            let groups = grouped(batch, letters: try deadLetters(batch))
            let replies = try client.run(
                groups.map { SortedSetSettlement.call(script, keys: $0.keys, $0.settlements) })
            for (group, reply) in zip(groups, replies) {
                let answers = try client.checked(reply, "settle").array ?? []
                guard answers.count == group.indices.count else {
                    throw RedisError(operation: "settle on \(client.url)", reason: "strange reply", kind: .answer)
                }
                for (index, answer) in zip(group.indices, answers) { statuses[index] = try status(answer) }
            }
            return statuses
        }
    }

    package func identity() async throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    /// Asks the server if nobody has for a while.
    package func health() -> QueueHealth {
        if ContinuousClock.now - askedAt > .seconds(2) {
            do { try noting { () throws(RedisError) in try client.check() } } catch {}
        }
        return state
    }

    /// The settlements of one call, with their places in the batch.
    private struct Group {
        let keys: SortedSetKeys
        var indices: [Int] = []
        var settlements: [SortedSetSettlement] = []
    }

    /// Settlements whose receipts are none of ours belong to no group.
    private func grouped(_ batch: [Settlement], letters: [Int: [UInt8]]) -> [Group] {
        var groups: [Group] = []
        var places: [SortedSetKeys: Int] = [:]
        for (index, settlement) in batch.enumerated() {
            guard let receipt = SortedSetReceipt(settlement.receipt) else { continue }
            var place = places[receipt.keys] ?? groups.count
            if place < groups.count, groups[place].indices.count == SortedSetSettlement.most { place = groups.count }
            if place == groups.count { groups.append(Group(keys: receipt.keys)) }
            places[receipt.keys] = place
            groups[place].indices.append(index)
            groups[place].settlements.append(
                SortedSetSettlement(
                    receipt: receipt, id: settlement.id,
                    list: settlement.destination.isEmpty ? defaultList : settlement.destination,
                    end: end(settlement, letter: letters[index])))
        }
        return groups
    }

    private func end(_ settlement: Settlement, letter: [UInt8]?) -> SortedSetSettlement.End {
        switch settlement.action {
        case .result(let json): .result(json)
        case .park(let delay, let attempts): .park(afterMilliseconds: delay, failedAttempts: attempts)
        case .release: .release
        case .deadLetter(_, let result): .deadLetter(letter ?? [], result: result)
        }
    }

    /// What the script answered to one settlement.
    ///
    /// An error that passes (no memory, failover) is thrown: then the whole batch is settled again, and what has been
    /// settled already is stale.
    private func status(_ answer: RedisReply) throws(RedisError) -> SettlementStatus {
        if case .integer(let number) = answer { return number == 1 ? .settled : .stale }
        let reason = answer.text ?? "strange reply"
        let error = RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
        if error.isTransient { throw error }
        return .refused(reason: reason)
    }

    /// The documents for the dead letters of a batch, by index; one round trip if there are any.
    private func deadLetters(_ batch: [Settlement]) throws(RedisError) -> [Int: [UInt8]] {
        let wanted = batch.indices.compactMap { index -> (Int, String, SortedSetReceipt)? in
            guard case .deadLetter(let reason, _) = batch[index].action else { return nil }
            return SortedSetReceipt(batch[index].receipt).map { (index, reason, $0) }
        }
        if wanted.isEmpty { return [:] }
        var commands = [RedisCommand("TIME")]
        for (_, _, receipt) in wanted {
            commands.append(RedisCommand("HGET", receipt.keys.requests, receipt.submission))
            commands.append(RedisCommand("HGET", receipt.keys.state, receipt.submission))
        }
        let replies = try client.send(commands)
        let time = try client.checked(replies[0], "TIME").array?.first?.integer ?? 0
        var letters: [Int: [UInt8]] = [:]
        for (position, (index, reason, receipt)) in wanted.enumerated() {
            let body = try client.checked(replies[2 * position + 1], "HGET").bytes
            let state = try client.checked(replies[2 * position + 2], "HGET").text ?? ""
            guard let body else { continue }
            let counts = state.split(separator: " ").suffix(2).map { Int($0) ?? 0 }
            letters[index] =
                DeadLetterDocument(
                    queue: receipt.keys.queue, id: batch[index].id, reason: reason, time: time,
                    deliveries: counts.last ?? 0, attempts: counts.first ?? 0, body: body[...]
                ).encoded
        }
        return letters
    }

    /// Remembers whether the server answered.
    private func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        defer { askedAt = .now }
        do throws(RedisError) {
            let value = try body()
            state = .reachable
            return value
        } catch {
            state = .unreachable(reason: error.description)
            // A script puts what its commands were answered into its own answer.
            if error.kind == .answer { client.leave(after: error.reason) }
            throw QueueError(error)
        }
    }
}
