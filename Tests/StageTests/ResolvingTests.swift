import Links
import Loop
import Messages
import PipelineMetrics
import Status
import TestServers
import Testing

@testable import Stage

/// Addresses of peers that come and go.
@PipelineActor
struct ResolvingTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    /// A sender whose peers the test names, in place of a name server.
    private func start() throws -> (SendingEnd, OutgoingLink) {
        let sender = try SendingEnd(acks: folder["acks"])
        let link = sender.link("ingest-dispatch", to: [])
        sender.links.start()
        return (sender, link)
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsAPeerThatIsNamedNoMoreUntilItIsSilent() async throws {
        let (first, second) = (try ReceivingEnd(folder["a"]), try ReceivingEnd(folder["b"]))
        let (sender, link) = try start()
        link.resolve([folder["a"]])
        try await wait { link.hasLivePeer }
        link.resolve([folder["b"]])
        try await wait { link.peerStatus.count(where: \.isLive) == 2 }
        #expect(link.peerStatus.filter(\.isResolved).map(\.address) == [folder["b"]])
        link.send(1...100)
        try await wait { sender.done.count == 100 }
        #expect(!first.received.isEmpty && !second.received.isEmpty)
        first.vanish()
        try await wait { link.peerStatus.map(\.address) == [folder["b"]] }
        #expect(!link.isConnected(to: folder["a"]))
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsAPeerThatIsNamedAndSilent() async throws {
        let first = try ReceivingEnd(folder["a"])
        let (sender, link) = try start()
        link.resolve([folder["a"]])
        try await wait { link.hasLivePeer }
        first.vanish()
        try await wait { link.peerStatus.map(\.isLost) == [true] }
        let again = try ReceivingEnd(folder["a"])
        link.send(1...1)
        try await wait { sender.done == [1] }
        #expect(again.ids == ["1"])
        await again.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func forgetsASilentPeerOnlyOnceOthersHaveWhatItHeld() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try start()
        link.resolve([folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...2)
        try await wait { first.held.count == 2 }
        link.resolve([])
        first.vanish()
        try await wait { link.totals.lostPeers == 1 }
        #expect(link.peerStatus.map(\.open) == [2])
        let second = try ReceivingEnd(folder["b"])
        link.resolve([folder["b"]])
        try await wait { sender.done.count == 2 }
        try await wait { link.peerStatus.map(\.address) == [folder["b"]] }
        #expect(second.received.map(\.losses) == [1, 1])
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func feedsAPeerOnceHoweverOftenItIsNamed() async throws {
        let port = try freePort()
        let receiver = try ReceivingEnd("tcp://*:\(port)")
        let (one, two) = ("tcp://127.0.0.1:\(port)", "tcp://127.0.0.2:\(port)")
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [one, one, two])
        try await wait { link.hasLivePeer && link.peerStatus.allSatisfy(\.hasAnswered) }
        #expect(link.peerStatus.map(\.address) == [one, two])
        link.send(1...20)
        try await wait { sender.done.count == 20 }
        #expect(link.peerStatus.count(where: \.isLive) == 1, "both are one process")
        #expect(receiver.received.count == 20)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func findsAPeerByItsName() async throws {
        let port = try freePort()
        let receiver = try ReceivingEnd("tcp://127.0.0.1:\(port)")
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: ["tcp://localhost:\(port)"])
        link.send(1...1)
        try await wait { sender.done == [1] }
        #expect(link.peerStatus.map(\.address).contains("tcp://127.0.0.1:\(port)"))
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWithAPeerThatCouldNeverReachTheAddressForReports() async throws {
        let links = try StageLinks(registry: .init(), logger: LogLines().logger)
        try links.bindAcks("tcp://127.0.0.1:*", advertise: nil)
        let link = links.outgoing(
            "ingest-dispatch", to: ["tcp://127.0.0.1:9", "tcp://192.0.2.1:5557"], maxDeliveries: 5)
        let error = try #require(await links.resolve())
        #expect(!error.isTransient)
        #expect(error.description.contains("--acks-advertise: the peer at tcp://192.0.2.1:5557 cannot reach tcp://127"))
        #expect(link.peerStatus.isEmpty, "nothing is sent there")
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWithItsTask() async throws {
        let links = try StageLinks(registry: .init(), logger: LogLines().logger)
        let task = Task { await links.resolve() }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test
    func refusesToBindWhatIsTakenAndWhatIsNothing() throws {
        let links = try StageLinks(registry: .init(), logger: LogLines().logger)
        let receiver = try ReceivingEnd("tcp://127.0.0.1:*")
        #expect(receiver.links?.problems == [])
        let port = try freePort()
        let taken = try ReceivingEnd("tcp://127.0.0.1:\(port)")
        let inUse = #expect(throws: LinkError.self) { try links.bindAcks("tcp://127.0.0.1:\(port)", advertise: nil) }
        #expect(inUse?.isTransient == true && inUse?.description.contains("\(port)") == true)
        let nothing = #expect(throws: LinkError.self) { try links.incoming("l", listen: "tcp://no-such.invalid:1") }
        #expect(nothing?.description.contains("no-such.invalid") == true)
        #expect(links.ackAddress == nil)
        #expect(taken.links?.peers == [])
    }
}
