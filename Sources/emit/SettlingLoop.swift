import Logging
import Queue
import Stage

/// Carries batches from the emitter to the sink and the answers back, one batch at a time.
struct SettlingLoop: Sendable {
    let emitter: Emitter
    let sink: any ResultSink
    let state: QueueState
    let logger: Logger

    /// Settles until the emitter is stopped and has nothing left, or the task is cancelled.
    func run() async {
        var backoff = Backoff()
        await connect(&backoff)
        while !Task.isCancelled {
            let batch = await emitter.nextBatch()
            if batch.isEmpty { return }
            do {
                let statuses = try await sink.settle(batch.map(\.settlement))
                succeeded(&backoff)
                await emitter.settled(batch, statuses)
            } catch {
                await emitter.failed(batch)
                await failed(error, &backoff)
            }
        }
    }

    private func connect(_ backoff: inout Backoff) async {
        while !Task.isCancelled {
            do {
                try await sink.connect()
                return succeeded(&backoff)
            } catch {
                await failed(error, &backoff)
            }
        }
    }

    private func succeeded(_ backoff: inout Backoff) {
        backoff.reset()
        if state.set(.reachable) { logger.info("The queue answers") }
    }

    /// Says so once per outage, and waits a little.
    private func failed(_ error: QueueError, _ backoff: inout Backoff) async {
        if state.set(.unreachable(reason: error.description)) {
            logger.warning(
                "The queue does not answer; trying again until it does", metadata: ["error": "\(error)"])
        }
        await backoff.wait()
    }
}
