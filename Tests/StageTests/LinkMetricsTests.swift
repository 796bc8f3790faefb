import Links
import Loop
import Messages
import PipelineMetrics
import Status
import Testing
import Wire

@testable import Stage

/// What the links of a process count.
@PipelineActor
struct LinkMetricsTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    private func metrics(_ registry: MetricsRegistry, _ link: String = "ingest-dispatch") -> LinkMetrics {
        LinkMetrics(registry: registry, link: link)
    }

    @Test(.timeLimit(.minutes(1)))
    func countWhatEitherEndHasDoneOnce() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { (Int($0.id) ?? 0) > 10 ? .keep : .finish }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...13)
        try await wait { sender.done.count == 10 && receiver.held.count == 3 }
        for _ in 0..<3 {
            sender.links.updateMetrics()
            receiver.links?.updateMetrics()
        }
        let (sent, taken) = (metrics(sender.registry), metrics(receiver.registry))
        #expect([sent.sent.value, sent.done.value, sent.refused.value] == [13, 10, 0])
        #expect([taken.sent.value, taken.done.value, taken.refused.value] == [13, 10, 0])
        #expect([sent.open.value, taken.open.value] == [3, 3])
        #expect([sent.peers.value, taken.peers.value] == [1, 1])
        #expect(sent.room.value == Double(link.room))
        receiver.finishHeld()
        try await wait { link.isIdle }
        sender.links.updateMetrics()
        receiver.links?.updateMetrics()
        #expect([sent.done.value, taken.done.value] == [13, 13])
        #expect([sent.open.value, taken.open.value] == [0, 0])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func countWhatIsGivenBackAndLost() async throws {
        var offers = 0
        let receiver = try ReceivingEnd(folder["a"]) { _ in
            offers += 1
            return offers <= 4 ? .handBack : .keep
        }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...4)
        try await wait { link.totals.refused == 4 }
        sender.links.updateMetrics()
        receiver.links?.updateMetrics()
        let (sent, taken) = (metrics(sender.registry), metrics(receiver.registry))
        #expect([sent.refused.value, taken.refused.value] == [4, 4])
        receiver.vanish()
        try await wait { !link.hasLivePeer && link.totals.lostPeers == 1 }
        sender.links.updateMetrics()
        #expect([sent.peers.value, sent.room.value] == [0, 0])
        #expect(sent.open.value == 4)
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func sayHowOldTheOldestOpenMessageIs() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        let age = metrics(sender.registry).oldestOpenSeconds
        link.send(1...1)
        try await wait { sender.links.peers.first?.oldestOpen.map { $0 > .milliseconds(600) } == true }
        link.send(2...2)
        sender.links.updateMetrics()
        #expect((0.6..<60).contains(age.value), "of the older one")
        try await wait { receiver.held.count == 2 }
        receiver.finishHeld()
        try await wait { link.isIdle }
        sender.links.updateMetrics()
        #expect(age.value == 0)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func measureTheTimeInWhichSomethingWaitsForRoom() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 2) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.room == 2 }
        let waiting = metrics(sender.registry).waitingSeconds
        let before = waiting.value
        link.send(1...2)
        try await wait { receiver.held.count == 2 }
        try await Task.sleep(for: .milliseconds(100))
        #expect(waiting.value == before, "nothing waits, though there is no room")
        link.send(3...3)
        try await wait { waiting.value > before + 0.2 }
        receiver.deed = { _ in .finish }
        receiver.finishHeld()
        try await wait { link.isIdle }
        let after = waiting.value
        try await Task.sleep(for: .milliseconds(100))
        #expect(waiting.value == after)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func countReportsAboutNoSessionAtTheFirstLink() async throws {
        let sender = try SendingEnd(acks: folder["acks"])
        _ = sender.link("dispatch-retry", to: [folder["r"]])
        _ = sender.link("dispatch-emit", to: [folder["e"]])
        sender.start()
        let stranger = try Stranger(at: folder["acks"])
        for number in 1...5 as ClosedRange<UInt64> {
            let report = Report(session: 99, receiver: 1, number: number, answers: 1, isOpen: true)
            try await stranger.send(report.encoded())
        }
        let first = metrics(sender.registry, "dispatch-retry").dropped
        try await wait {
            sender.links.updateMetrics()
            return first.value == 5
        }
        #expect(metrics(sender.registry, "dispatch-emit").dropped.value == 0)
        await sender.end()
    }
}
