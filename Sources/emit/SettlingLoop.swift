import Queue
import Stage

/// Carries batches from the emitter to the sink and the answers back, one batch at a time.
///
/// When nothing is known about a batch, all of it is tried again: each of its settlements still settles once.
struct SettlingLoop: Sendable {
    let emitter: Emitter
    let sink: any ResultSink
    let calls: QueueCalls

    /// Settles until the emitter is stopped and has nothing left, or the task is cancelled.
    func run() async {
        await calls.untilItWorks { () async throws(QueueError) in try await sink.connect() }
        while !Task.isCancelled {
            let batch = await emitter.nextBatch()
            if batch.isEmpty { return }
            let statuses = await calls.untilItWorks { () async throws(QueueError) in
                try await sink.settle(await emitter.settlements(of: batch))
            }
            if let statuses { await emitter.settled(batch, statuses) }
        }
    }
}
