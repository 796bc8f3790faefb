package import Logging
package import Queue
import Synchronization

/// Calls to a queue server, each retried until it succeeds.
///
/// An outage is logged once when it begins and once when it ends, and shows in `health` meanwhile.
package struct QueueCalls: Sendable {
    private let state = QueueState()
    private let isAwayBetweenCalls = Flag()
    private let logger: Logger
    private let metadata: Logger.Metadata

    /// - Parameter metadata: identifies the queue, in each log line.
    package init(logger: Logger, metadata: Logger.Metadata = [:]) {
        self.logger = logger
        self.metadata = metadata
    }

    /// Whether the server answered last time.
    package var health: QueueHealth { state.current }

    /// Retries a call until it succeeds, with growing back-off.
    ///
    /// - Parameter tries: how often at most.
    /// - Returns: what it returned; `nil` once the task is cancelled or the tries are used up.
    @discardableResult
    package func untilItWorks<T>(
        tries: Int = .max, _ call: () async throws(QueueError) -> T
    ) async -> T? {
        var backoff = Backoff()
        var left = tries
        while left > 0, !Task.isCancelled {
            do {
                let result = try await call()
                if state.set(.reachable) { logger.info("The queue answers", metadata: metadata) }
                return result
            } catch {
                failed(error)
                await backoff.wait()
                left -= 1
            }
        }
        return nil
    }

    /// Logs the result of a check of the queue between calls, once when it is away and once when it is back.
    package func noted(_ health: QueueHealth) -> QueueHealth {
        switch health {
        case .reachable:
            if isAwayBetweenCalls.clear() { logger.info("The queue answers", metadata: metadata) }
        case .unreachable(let reason):
            if !isAwayBetweenCalls.set() {
                logger.warning(
                    "The queue does not answer; trying again until it does",
                    metadata: metadata.merging(["error": "\(reason)"]) { $1 })
            }
        }
        return health
    }

    private func failed(_ error: QueueError) {
        guard state.set(.unreachable(reason: error.description)) else { return }
        logger.warning(
            "The queue does not answer; trying again until it does",
            metadata: metadata.merging(["error": "\(error)"]) { $1 })
    }
}

/// A flag that is set or not.
private final class Flag: Sendable {
    private let value = Atomic(false)

    /// - Returns: whether it was set before.
    func set() -> Bool { value.exchange(true, ordering: .relaxed) }
    func clear() -> Bool { value.exchange(false, ordering: .relaxed) }
}
