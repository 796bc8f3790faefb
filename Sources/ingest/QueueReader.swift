import Messages
import Queue
import Stage

/// Reads one queue: leases as much as the pipeline has room for, and keeps the leases of what is in the pipeline alive.
struct QueueReader: Sendable {
    let queue: Int
    let settings: QueueSettings
    let source: any RequestSource
    let ingester: Ingester
    /// How long a lease lasts unless the queue says otherwise; renewed each third of it.
    let lease: Duration
    let calls: QueueCalls
    let backlog: BacklogGauge

    /// Reads until the ingester drains or the task is cancelled.
    func read() async {
        await calls.untilItWorks { () async throws(QueueError) in
            try await source.connect()
            await ingester.know(try await source.identity(), queue: queue)
        }
        if let source = source as? any AliasedSource { await ingester.reserve(source.requestNames()) }
        while !Task.isCancelled {
            let limit = await ingester.permits(queue: queue)
            if limit == 0 { return }
            let deliveries = await calls.untilItWorks { () async throws(QueueError) in
                try await source.lease(limit: limit)
            }
            await ingester.accept(deliveries ?? [], queue: queue)
        }
    }

    /// Renews leases until the task is cancelled.
    ///
    /// Looked at each sixth of a lease, so that none gets much older than a third.
    func renewLeases() async {
        while true {
            let look = (await (source as? any ServerTimedSource)?.leaseTime() ?? lease) / 6
            guard (try? await Task.sleep(for: look)) != nil else { return }
            await renew(ingester.receiptsToRenew(queue: queue, olderThan: look))
            await (source as? any BufferingSource)?.keepHeld()
        }
    }

    /// Shows how much waits, until the task is cancelled; nothing where the queue does not say.
    func watchBacklog() async {
        guard let source = source as? any BacklogSource else { return }
        repeat { backlog.show(await source.backlog()) } while (try? await Task.sleep(for: .seconds(60))) != nil
    }

    /// Renews everything that is held, so that it stays ours for a whole lease after this process is gone, which does not
    /// wait for a server that is away.
    func renewAll() async { await renew(ingester.receiptsToRenew(queue: queue, olderThan: .zero), tries: 5) }

    /// Looks where the queue is, until the task is cancelled: another server may answer at the address, or an emptied one.
    ///
    /// A second late is soon enough: what is leased meanwhile is settled wherever it is found.
    func watchStore() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            if case .unreachable = await source.health() { continue }
            if let store = try? await source.identity() { await ingester.know(store, queue: queue) }
        }
    }

    /// Gives requests back; what cannot be given back expires by itself.
    func release(_ receipts: [Receipt]) async {
        guard !receipts.isEmpty else { return }
        await calls.untilItWorks(tries: 20) { () async throws(QueueError) in try await source.release(receipts) }
    }

    private func renew(_ receipts: [Receipt], tries: Int = .max) async {
        guard !receipts.isEmpty else { return }
        let lost = await calls.untilItWorks(tries: tries) { () async throws(QueueError) in
            try await source.renew(receipts)
        }
        if let lost, !lost.isEmpty { await ingester.lost(lost, queue: queue) }
    }
}
