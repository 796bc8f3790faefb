package import Messages
package import Queue
package import Redis

/// A queue that is a Redis list, as ingest sees it: what `docs/adding-a-queue.md` takes for its example.
package actor RedisListSource: RequestSource {
    private let thread = QueueThread(name: "redis-list")
    private let client: RedisClient
    private let keys: RedisListKeys
    private let lease: Duration
    /// After a gap expired leases are left alone for a while: their holders may have had the same gap.
    private var gate: TakeOverGate
    private var state = QueueHealth.unreachable(reason: "not connected yet")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(url: RedisURL, queue: String, lease: Duration) {
        client = RedisClient(url)
        keys = RedisListKeys(queue: queue)
        self.lease = lease
        gate = TakeOverGate(leaseMilliseconds: max(1, lease.milliseconds))
    }

    package func connect() async throws(QueueError) {
        try noting { () throws(RedisError) in try client.check() }
    }

    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        while !Task.isCancelled {
            gate.turn(at: runningClock())
            let owner = String(UInt64.random(in: 0 ... .max), radix: 16)
            let mayTakeOver = gate.isOpen(at: runningClock())
            let call = RedisListScripts.lease.call(keys: [
                keys.queue, keys.requests, keys.leases, keys.owners, keys.parked, keys.attempts, keys.deliveries,
                keys.numbers,
            ]).with(owner, lease.milliseconds, min(limit, 256), mayTakeOver ? "1" : "0")
            let values = try noting { () throws(RedisError) in try client.run(call).array ?? [] }
            let deliveries = stride(from: 0, to: values.count - 3, by: 4).map { delivery(values[$0..<($0 + 4)], owner) }
            if !deliveries.isEmpty { return deliveries }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return []
    }

    private func delivery(_ values: ArraySlice<RedisReply>, _ owner: String) -> Delivery {
        let values = Array(values)
        let receipt = RedisListReceipt(number: values[0].text ?? "", owner: owner, queue: keys.queue)
        return Delivery(
            bytes: (values[1].bytes ?? [])[...], receipt: receipt.receipt, deliveries: Int(values[3].integer ?? 0),
            failedAttempts: Int(values[2].integer ?? 0))
    }

    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        var call = RedisListScripts.renew.call(keys: [keys.leases, keys.owners]).with(lease.milliseconds)
        for receipt in receipts {
            let lease = RedisListReceipt(receipt)
            call.append(lease?.number ?? "")
            call.append(lease?.owner ?? "none")
        }
        let answers = try noting { () throws(RedisError) in try client.run(call).array ?? [] }
        return zip(receipts, answers).filter { $0.1.integer == 0 }.map(\.0)
    }

    package func release(_ receipts: [Receipt]) async throws(QueueError) {
        let calls = receipts.compactMap { RedisListReceipt($0) }.map {
            RedisListScripts.park($0, milliseconds: 0, attempts: nil)
        }
        try noting { () throws(RedisError) in
            for reply in try client.run(calls) { _ = try client.checked(reply, "release") }
        }
    }

    package func health() async -> QueueHealth { state }

    private func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(QueueError) {
            return try state.note(body)
        } catch {
            gate.fail()
            throw error
        }
    }
}
