package import Messages
package import PipelineMetrics
package import Queue
package import Status

/// The work that one kind of stage does with its links.
package protocol StageWork: Sendable {
    /// Works until the task is cancelled. Keeps working while it drains.
    func run() async

    /// Takes no new messages, finishes or hands back those it has, and returns when none is left.
    func drain() async

    /// The time for draining is over: leaves the remaining requests in a state from which other processes can continue.
    func abandon() async

    /// Whether the queue server answers; a stage without a queue is always fine.
    func queueState() async -> QueueHealth

    /// Why no request moves; `nil` while one does.
    func stall() async -> StallReason?

    /// Whether requests wait for it where it takes them from, other than at its links.
    func waits() async -> Bool

    /// What is worth a word in `/status` beside why nothing moves.
    func notes() async -> [String]

    /// Problems with its connections other than its links.
    func problems() async -> [WiringProblem]

    /// The gateways it sends to, or waits for.
    func gatewayStatus() async -> [StatusReport.Gateway]

    /// The pools it sends to.
    func poolStatus() async -> [StatusReport.Pool]

    /// The gates of its queues or pools.
    func gateStatus() async -> [StatusReport.Gate]

    /// What waits in the queues, as far as they tell.
    func queueStatus() async -> [StatusReport.Queue]

    /// Brings up to date the metrics that are not counted as things happen; every two seconds, and for `/status`.
    func updateMetrics() async

    /// The counters of the stage, for `/status`.
    func counts() async -> [String: Int]

    /// Where it has requests with this id, other than on its outgoing links.
    func held(id: ExactText) async -> [HeldRequest]
}

extension StageWork {
    package func run() async { try? await Task.sleep(for: .seconds(1 << 40)) }
    package func abandon() async {}
    package func queueState() async -> QueueHealth { .reachable }
    package func updateMetrics() async {}
    package func waits() async -> Bool { false }
    package func notes() async -> [String] { [] }
    package func problems() async -> [WiringProblem] { [] }
    package func gatewayStatus() async -> [StatusReport.Gateway] { [] }
    package func poolStatus() async -> [StatusReport.Pool] { [] }
    package func gateStatus() async -> [StatusReport.Gate] { [] }
    package func queueStatus() async -> [StatusReport.Queue] { [] }
    package func held(id: ExactText) async -> [HeldRequest] { [] }
}

/// Runs `body`, but no longer than `limit`; then it is cancelled.
///
/// - Returns: whether it came to its end.
package func finishes(within limit: Duration, _ body: @escaping @Sendable () async -> Void) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
        group.addTask {
            await body()
            return !Task.isCancelled
        }
        group.addTask {
            try? await Task.sleep(for: limit)
            return false
        }
        let isFinished = await group.next() ?? false
        group.cancelAll()
        return isFinished
    }
}
