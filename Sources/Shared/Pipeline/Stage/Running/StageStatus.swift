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
    let liveness: Liveness
    let drain: Drain
    let started = ContinuousClock.now

    func health() async -> Health { liveness.failure(at: .now).map { .failing(reason: $0) } ?? .ok }

    func readiness() async -> Status.Readiness {
        if let progress = await drain.progress(left: links.unfinished) { return .notReady(reason: progress) }
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
            reasons: reasons.map(\.text).sorted() + (await problems()).map(\.text) + (await words()))
    }

    /// What is worth a word beside reasons and problems.
    private func words() async -> [String] {
        let notes = await work.notes()
        return [await drain.progress(left: links.unfinished), liveness.word(at: .now)].compactMap(\.self) + notes
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
        let hasWork = if await links.ownWork > 0 { true } else { await work.waits() }
        liveness.look(.init(moved: await links.moved, hasWork: hasWork, reasons: reasons), at: .now)
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
