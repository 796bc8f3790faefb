import Queue
import Stage

/// Carries batches from the emitter to the sink and the answers back, one batch at a time.
///
/// When the outcome of a batch is unknown, all of it is retried; settling is idempotent, so each settlement still
/// settles once.
struct SettlingLoop: Sendable {
    let emitter: Emitter
    let sink: any ResultSink
    let calls: QueueCalls

    /// Settles until the emitter is stopped and has nothing left, or the task is cancelled.
    func run() async {
        await calls.untilItWorks { () async throws(QueueError) in
            try await sink.connect()
            await emitter.know(try await sink.identity())
        }
        while !Task.isCancelled {
            let batch = await emitter.nextBatch()
            if batch.isEmpty { return }
            let statuses = await calls.untilItWorks { () async throws(QueueError) in
                let statuses = try await sink.settle(await emitter.settlements(of: batch))
                // Settled before, or in another store: the server may have been replaced since it was last asked.
                if statuses.contains(.stale) { await emitter.know(try await sink.identity()) }
                return statuses
            }
            if let statuses { await emitter.settled(batch, statuses) }
        }
    }
}
