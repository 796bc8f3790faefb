import PipelineMetrics
import Stage

/// What the retry process does: all of it happens when messages arrive.
struct RetryWork: StageWork {
    let retrier: Retrier

    func drain() async {
        await retrier.beginDrain()
        while await !retrier.canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    func stall() async -> StallReason? { await retrier.stall }

    func counts() async -> [String: Int] { await retrier.counts }
}
