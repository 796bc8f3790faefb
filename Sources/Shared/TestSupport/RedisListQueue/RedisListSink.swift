import Messages
package import Queue
package import Redis

/// Settlements of queues that are Redis lists, as emit sees them.
package actor RedisListSink: ResultSink {
    private let thread = QueueThread(name: "redis-list-results")
    private let client: RedisClient
    private let defaultList: String
    private var state = QueueHealth.unreachable(reason: "not connected yet")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(url: RedisURL, defaultList: String = "result-list") {
        client = RedisClient(url)
        self.defaultList = defaultList
    }

    package func connect() async throws(QueueError) {
        try state.note { () throws(RedisError) in try client.check() }
    }

    /// A call for each, all in one round trip: what one of them is refused for does not concern the others.
    package func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        var statuses = [SettlementStatus](repeating: .stale, count: batch.count)
        let places = batch.indices.filter { RedisListReceipt(batch[$0].receipt) != nil }
        let calls = places.compactMap { index in
            RedisListReceipt(batch[index].receipt).map { call(batch[index], $0) }
        }
        let replies = try state.note { () throws(RedisError) in
            let replies = try client.run(calls)
            for reply in replies {
                if let error = reply.error.map(failure), error.refusal.concernsAll { throw error }
            }
            return replies
        }
        for (index, reply) in zip(places, replies) { statuses[index] = status(reply, of: batch[index]) }
        return statuses
    }

    private func call(_ settlement: Settlement, _ lease: RedisListReceipt) -> RedisCall {
        let list = settlement.destination.isEmpty ? defaultList : settlement.destination
        return switch settlement.action {
        case .result(let result): RedisListScripts.result(lease, to: list, result)
        case .park(let delay, let attempts): RedisListScripts.park(lease, milliseconds: delay, attempts: attempts)
        case .release: RedisListScripts.park(lease, milliseconds: 0, attempts: nil)
        case .deadLetter(_, let result): RedisListScripts.deadLetter(lease, to: list, result: result)
        }
    }

    private func status(_ reply: RedisReply, of settlement: Settlement) -> SettlementStatus {
        guard let error = reply.error.map(failure) else { return reply.integer == 1 ? .settled : .stale }
        return error.refusal.status(error.description, isNamed: !settlement.destination.isEmpty)
    }

    package func health() async -> QueueHealth { state }

    private func failure(_ reason: String) -> RedisError {
        RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
    }
}
