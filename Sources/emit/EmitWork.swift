import Loop
import PipelineMetrics
import Queue
import Stage

/// The work of the emit process.
struct EmitWork: StageWork {
    let emitter: Emitter
    let loop: SettlingLoop

    func run() async {
        await withTaskExecutorPreference(PipelineActor.taskExecutor) { await loop.run() }
    }

    /// Settles the outcomes that it has taken, serves senders that still drain, and charges the quotas.
    func drain() async {
        await emitter.beginDrain()
        while await !emitter.canLeave, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
        await emitter.stop()
        await emitter.finishCharging()
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

    func updateMetrics() async { await emitter.updateMetrics() }

    func counts() async -> [String: Int] { await emitter.counts }
}
