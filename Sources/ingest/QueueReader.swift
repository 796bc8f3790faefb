import Messages
import PipelineMetrics
import Queue
import Stage

/// Reads one queue: leases as many requests as the pipeline has room for, and renews the leases of requests in the
/// pipeline.
struct QueueReader: Sendable {
    let queue: Int
    let settings: QueueSettings
    let source: any RequestSource
    let ingester: Ingester
    /// How long a lease lasts unless the queue sets another time; renewed each third of it.
    let lease: Duration
    let calls: QueueCalls
    let backlog: BacklogGauge
    /// Requests leased, each time.
    let leases: Counter

    /// Reads until the ingester drains or the task is cancelled.
    func read() async {
        await calls.untilItWorks { () async throws(QueueError) in
            try await source.connect()
            await ingester.know(try await source.identity(), queue: queue)
        }
        await reserveNames()
        while !Task.isCancelled {
            let limit = await ingester.permits(queue: queue)
            if limit == 0 { return }
            let deliveries = await calls.untilItWorks { () async throws(QueueError) in
                try await source.lease(limit: limit)
            }
            leases.increment(by: deliveries?.count ?? 0)
            await ingester.accept(deliveries ?? [], queue: queue)
        }
    }

    /// Renews leases until the task is cancelled.
    ///
    /// Checked each sixth of a lease, so that none gets much older than a third.
    func renewLeases() async {
        while true {
            let look = (await (source as? any ServerTimedSource)?.leaseTime() ?? lease) / 6
            guard (try? await Task.sleep(for: look)) != nil else { return }
            await renew(ingester.receiptsToRenew(queue: queue, olderThan: look))
            await (source as? any BufferingSource)?.keepHeld()
        }
    }

    /// Shows the backlog and what becomes of it, until the task is cancelled; nothing if the queue does not report it.
    func watchBacklog() async {
        guard let source = source as? any BacklogSource else { return }
        let clock = ContinuousClock()
        var pause: Duration
        repeat {
            var seen = Backlog()
            let taken = await clock.measure { seen = await source.backlog() }
            backlog.show(seen, await ingester.forecast(seen, queue: queue))
            // A large backlog may be long to count: it takes a hundredth of the time at most.
            pause = max(source.backlogSpacing, taken * 100)
        } while (try? await Task.sleep(for: pause)) != nil
    }

    /// Renews all held leases, so that each lasts its full length after this process is gone; does not wait for a
    /// server that is away.
    func renewAll() async { await renew(ingester.receiptsToRenew(queue: queue, olderThan: .zero), tries: 5) }

    /// Checks the identity of the store, until the task is cancelled: another server may answer at the address, or an
    /// emptied one.
    ///
    /// A second late is soon enough: requests leased meanwhile are settled wherever they are found.
    func watchStore() async {
        var looks = 0
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            looks += 1
            if looks % 60 == 0 { await reserveNames() }
            if case .unreachable = await source.health() { continue }
            if let store = try? await source.identity() { await ingester.know(store, queue: queue) }
        }
    }

    /// Other processes may serve new queues meanwhile.
    private func reserveNames() async {
        if let source = source as? any AliasedSource { await ingester.reserve(source.requestNames()) }
    }

    /// Gives requests back; the lease of one that cannot be given back expires.
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
