import Links
import Loop
import Messages
import PipelineMetrics
import Queue
import Status
import Synchronization
import Testing

@testable import Stage

/// What a stage does, as far as a test says it.
final class PlainWork: StageWork {
    struct State {
        var queue = QueueHealth.reachable
        var stall: StallReason?
        var waits = false
        var notes: [String] = []
        var problems: [WiringProblem] = []
        /// Whether `drain` comes to its end.
        var drains = true
        /// What has been asked of it, in order.
        var calls: [String] = []
    }

    let state = Mutex(State())

    var calls: [String] { state.withLock { $0.calls } }

    private func note(_ call: String) { state.withLock { $0.calls.append(call) } }

    func run() async {
        note("run")
        try? await Task.sleep(for: .seconds(3600))
        note("stopped")
    }

    func drain() async {
        note("drain")
        while state.withLock({ !$0.drains }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
    }

    func abandon() async { note("abandon") }
    func queueState() async -> QueueHealth { state.withLock { $0.queue } }
    func stall() async -> StallReason? { state.withLock { $0.stall } }
    func waits() async -> Bool { state.withLock { $0.waits } }
    func notes() async -> [String] { state.withLock { $0.notes } }
    func problems() async -> [WiringProblem] { state.withLock { $0.problems } }
    func counts() async -> [String: Int] { ["leased": 3] }
}

/// What a stage says of itself.
@PipelineActor
struct StageStatusTests {
    private let folder: SocketFolder
    private let sender: SendingEnd
    private let link: OutgoingLink
    private let work = PlainWork()
    private let status: StageStatus

    init() throws {
        folder = try SocketFolder()
        (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        status = StageStatus(
            stage: "ingest", version: "1.2.3", settings: ["--pipeline": "default"], links: sender.links, work: work,
            stalls: StallMetrics(registry: sender.registry),
            liveness: Liveness(stuckAfter: .seconds(1), registry: sender.registry), drain: Drain())
    }

    private func stalled(_ reason: StallReason) -> Double {
        sender.registry.gauge("async_processor_stalled", help: "", labels: [("reason", reason.rawValue)]).value
    }

    @Test(.timeLimit(.minutes(1)))
    func isReadyOnceEachLinkHasAPeerAndTheQueueAnswers() async throws {
        #expect(await status.readiness() == .notReady(reason: "no live peer on ingest-dispatch"))
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { link.hasLivePeer }
        #expect(await status.readiness() == .ready)
        work.state.withLock { $0.queue = .unreachable(reason: "connect: refused") }
        #expect(await status.readiness() == .notReady(reason: "connect: refused"))
        work.state.withLock { $0.queue = .reachable }
        #expect(await status.readiness() == .ready)
        status.drain.set(until: .now + .seconds(30))
        #expect(
            await status.readiness() == .notReady(reason: "draining: 0 requests left, 30 s until they are given up"))
        #expect(await status.health() == .ok)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isReadyBesideAProblemThatStopsNothing() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { link.hasLivePeer }
        let (harmless, fatal) = (
            WiringProblem("a stray frame", isBlocking: false), WiringProblem("the wrong store", isBlocking: true)
        )
        work.state.withLock { $0.problems = [harmless] }
        #expect(await status.readiness() == .readyBut(notes: ["a stray frame"]))
        #expect(await status.status().reasons == ["a stray frame"])
        #expect(stalled(.wrongWiring) == 0)
        work.state.withLock { $0.problems = [harmless, fatal] }
        #expect(await status.readiness() == .notReady(reason: "a stray frame; the wrong store"))
        #expect(
            await status.status().reasons == [StallReason.wrongWiring.text, "a stray frame", "the wrong store"])
        #expect(stalled(.wrongWiring) == 1)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhyNothingMovesAndForgetsItWhenSomethingDoes() async throws {
        work.state.withLock {
            $0.queue = .unreachable(reason: "gone")
            $0.stall = .queueEmpty
        }
        status.drain.set(until: .now + .seconds(30))
        #expect(await status.refresh() == [.noPeers, .queueServerAway, .draining], "nobody knows what is in the queue")
        #expect([stalled(.noPeers), stalled(.draining), stalled(.noRoom)] == [1, 1, 0])
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { link.hasLivePeer }
        work.state.withLock {
            $0.queue = .reachable
            $0.stall = nil
        }
        #expect(await status.refresh() == [.draining])
        #expect([stalled(.noPeers), stalled(.queueServerAway), stalled(.queueEmpty)] == [0, 0, 0])
        await receiver.end()
        await sender.end()
    }

    /// The receiver is the stage that is looked at: it has requests, and is given nothing to wait for.
    @Test(.timeLimit(.minutes(1)))
    func isNotAliveWhileNothingMovesForNoReason() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let stage = StageStatus(
            stage: "dispatch", version: "1", settings: [:], links: try #require(receiver.links), work: work,
            stalls: StallMetrics(registry: receiver.registry),
            liveness: Liveness(stuckAfter: .milliseconds(300), registry: receiver.registry), drain: Drain())
        let stuck = receiver.registry.gauge("async_processor_stuck_seconds", help: "")
        func isAlive() async -> Bool {
            await stage.refresh()
            return await stage.health() == .ok
        }
        #expect(await isAlive())
        link.send(1...4)
        try await wait { receiver.held.count == 4 }
        #expect(await isAlive(), "they have just come")
        work.state.withLock { $0.stall = .gatewaySlotsFull }
        let end = ContinuousClock.now + .seconds(20)
        while await isAlive(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        #expect(stuck.value > 0.2)
        guard case .failing(let reason) = await stage.health() else { return }
        #expect(
            reason.wholeMatch(
                of: /nothing has moved for \d+ s, and nothing that is known keeps the requests \(--stuck-after .*\)/)
                != nil,
            "\(reason)")
        #expect(await stage.status().reasons == [StallReason.gatewaySlotsFull.text], "a word is for a minute")
        work.state.withLock { $0.stall = .gatewayAway }
        #expect(await isAlive(), "that is a good reason")
        #expect(stuck.value == 0)
        await receiver.end()
        await sender.end()
    }

    /// An ingest whose queue has requests that it does not take has nothing open.
    @Test(.timeLimit(.minutes(1)))
    func isNotAliveWhileWhatWaitsOutsideIsNotTaken() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { link.hasLivePeer }
        work.state.withLock { $0.stall = .queueEmpty }
        let stuck = sender.registry.gauge("async_processor_stuck_seconds", help: "")
        for _ in 0..<3 { await status.refresh() }
        #expect(stuck.value == 0, "there is nothing to do")
        work.state.withLock { $0.waits = true }
        let end = ContinuousClock.now + .seconds(20)
        while await status.health() == .ok, ContinuousClock.now < end {
            await status.refresh()
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(await status.health() != .ok)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhatItsWorkHasToSayBesideTheReasons() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { link.hasLivePeer }
        work.state.withLock { ($0.stall, $0.notes) = (.noRoom, ["the window is used up"]) }
        #expect(await status.status().reasons == [StallReason.noRoom.text, "the window is used up"])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func namesItsPeersAndCounts() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 10) { _ in .keep }
        try await wait { link.room == 10 }
        link.send(1...4)
        try await wait { receiver.held.count == 4 }
        try await wait { link.room == 6 }
        let report = await status.status()
        #expect([report.stage, report.version] == ["ingest", "1.2.3"])
        #expect(report.settings == ["--pipeline": "default"])
        #expect(report.counts == ["leased": 3])
        #expect(report.reasons == [])
        let peer = try #require(report.peers.first)
        #expect(report.peers.count == 1)
        #expect([peer.link, peer.address, peer.state] == ["ingest-dispatch", folder["a"], "alive"])
        #expect([peer.room, peer.open] == [6, 4])
        #expect(peer.oldestOpen != nil)
        let open = sender.registry.gauge("async_processor_link_open", help: "", labels: [("link", "ingest-dispatch")])
        #expect(open.value == 4, "whoever asks finds the metrics up to date")
        await receiver.end()
        await sender.end()
    }
}
