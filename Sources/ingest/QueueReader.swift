import Logging
import Messages
import Queue
import Stage
import Synchronization

/// Reads one queue: leases as much as the pipeline has room for, and keeps the leases of what is in the pipeline alive.
struct QueueReader: Sendable {
    let queue: Int
    let settings: QueueSettings
    let source: any RequestSource
    let ingester: Ingester
    /// How long a lease lasts; renewed each third of it.
    let lease: Duration
    let state: QueueState
    let logger: Logger

    /// Reads until the ingester drains or the task is cancelled.
    func read() async {
        await connect()
        var backoff = Backoff()
        while !Task.isCancelled {
            let limit = await ingester.permits(queue: queue)
            if limit == 0 { return }
            do {
                let deliveries = try await source.lease(limit: limit)
                succeeded(&backoff)
                await release(ingester.accept(deliveries, queue: queue))
            } catch {
                await failed(error, &backoff)
            }
        }
    }

    /// Renews leases until the task is cancelled.
    func renewLeases() async {
        while (try? await Task.sleep(for: lease / 6)) != nil {
            await renew(ingester.receiptsToRenew(queue: queue, olderThan: lease / 3 - lease / 6))
        }
    }

    /// Renews everything that is held, once more, so that it stays ours for a whole lease after this process is gone.
    func renewAll() async { await renew(ingester.receiptsToRenew(queue: queue, olderThan: .zero)) }

    /// Gives requests back; what cannot be given back expires by itself.
    func release(_ receipts: [Receipt]) async {
        guard !receipts.isEmpty else { return }
        var backoff = Backoff()
        for _ in 0..<20 {
            do { return try await source.release(receipts) } catch { await failed(error, &backoff) }
        }
    }

    private func renew(_ receipts: [Receipt]) async {
        guard !receipts.isEmpty else { return }
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                let lost = try await source.renew(receipts)
                if !lost.isEmpty { await ingester.lost(lost, queue: queue) }
                return
            } catch {
                await failed(error, &backoff)
            }
        }
    }

    private func connect() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                try await source.connect()
                return succeeded(&backoff)
            } catch {
                await failed(error, &backoff)
            }
        }
    }

    private func succeeded(_ backoff: inout Backoff) {
        backoff.reset()
        if state.set(.reachable) {
            logger.info("The queue answers", metadata: ["queue": "\(settings.name)"])
        }
    }

    /// Says so once per outage, and waits a little.
    private func failed(_ error: QueueError, _ backoff: inout Backoff) async {
        if state.set(.unreachable(reason: error.description)) {
            logger.warning(
                "The queue does not answer; trying again until it does",
                metadata: ["queue": "\(settings.name)", "error": "\(error)"])
        }
        await backoff.wait()
    }
}
