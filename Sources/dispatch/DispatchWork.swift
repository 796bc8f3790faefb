import Logging
import PipelineMetrics
import Stage

/// What the dispatch process does: all of it happens when messages arrive and attempts end.
struct DispatchWork: StageWork {
    let dispatcher: Dispatcher
    let logger: Logger

    func drain() async {
        await dispatcher.beginDrain()
        while await !dispatcher.canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    func abandon() async {
        let count = await dispatcher.abort()
        if count > 0 {
            logger.warning(
                "Attempts are broken off at the drain timeout; others will make them again",
                metadata: ["count": "\(count)"])
        }
    }

    func stall() async -> StallReason? { await dispatcher.stall }

    func counts() async -> [String: Int] { await dispatcher.counts }
}
