import Loop
import PipelineMetrics
import Queue
import Stage

/// What the emit process does.
struct EmitWork: StageWork {
    let emitter: Emitter
    let loop: SettlingLoop

    func run() async {
        await withTaskExecutorPreference(PipelineActor.taskExecutor) { await loop.run() }
    }

    /// What has been taken is settled, and whoever still drains is served.
    func drain() async {
        await emitter.beginDrain()
        while await !emitter.canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
        await emitter.stop()
    }

    func queueState() async -> QueueHealth {
        let health = loop.calls.health
        return health == .reachable ? loop.calls.noted(await loop.sink.health()) : health
    }

    func stall() async -> StallReason? {
        if case .unreachable = await queueState() { return .queueServerAway }
        return await emitter.isDraining ? .draining : nil
    }

    func problems() async -> [WiringProblem] { await emitter.problems }

    func counts() async -> [String: Int] { await emitter.counts }
}
