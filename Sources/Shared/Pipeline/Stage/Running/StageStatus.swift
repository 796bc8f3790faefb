import Loop
import Messages
import PipelineMetrics
import Queue
import Status

/// Answers the status endpoints of one stage.
struct StageStatus: StatusProvider {
    let stage: String
    let version: String
    let settings: [String: String]
    let links: StageLinks
    let work: any StageWork
    let stalls: StallMetrics
    let drain: DrainFlag
    let started = ContinuousClock.now

    /// The pipeline thread turns at least once a second.
    private static let longestTurn = Duration.seconds(10)

    func health() async -> Health {
        let age = EventLoop.lastTurn.age
        return age < Self.longestTurn ? .ok : .failing(reason: "the pipeline thread has not turned for \(age)")
    }

    func readiness() async -> Status.Readiness {
        if drain.isSet { return .notReady(reason: "draining") }
        if case .unreachable(let reason) = await work.queueState() { return .notReady(reason: reason) }
        let lonely = await links.linksWithoutPeer
        let problems = await problems()
        var reasons = lonely.isEmpty ? [] : ["no live peer on \(lonely.joined(separator: ", "))"]
        let isBlocked = !lonely.isEmpty || problems.contains(where: \.isBlocking)
        reasons += problems.map(\.text)
        if isBlocked { return .notReady(reason: reasons.joined(separator: "; ")) }
        return reasons.isEmpty ? .ready : .readyBut(notes: reasons)
    }

    private func problems() async -> [WiringProblem] { await links.problems + work.problems() }

    func status() async -> StatusReport {
        let reasons = await refresh()
        return StatusReport(
            version: version, stage: stage, settings: settings, uptime: ContinuousClock.now - started,
            peers: await links.peers,
            counts: await work.counts(), queues: await work.queueStatus(), gateways: await work.gatewayStatus(),
            pools: await work.poolStatus(), gates: await work.gateStatus(),
            reasons: reasons.map(\.text).sorted() + (await problems()).map(\.text))
    }

    func held(id: String) async -> [HeldRequest] {
        let id = ExactText(id)
        return await work.held(id: id) + links.held(id: id)
    }

    /// Brings up to date the metrics that are not counted as events happen.
    ///
    /// - Returns: why no request moves; empty when one does.
    @discardableResult
    func refresh() async -> Set<StallReason> {
        await links.updateMetrics()
        await work.updateMetrics()
        let reasons = await reasons()
        stalls.set(reasons)
        return reasons
    }

    private func reasons() async -> Set<StallReason> {
        var reasons: Set<StallReason> = []
        if drain.isSet { reasons.insert(.draining) }
        if case .unreachable = await work.queueState() { reasons.insert(.queueServerAway) }
        if await !links.linksWithoutPeer.isEmpty { reasons.insert(.noPeers) }
        for problem in await problems() where problem.isBlocking { reasons.insert(problem.reason) }
        // Whether requests wait is not known while nobody can ask.
        if let reason = await work.stall(), reason != .queueEmpty || !reasons.contains(.queueServerAway) {
            reasons.insert(reason)
        }
        return reasons
    }
}
