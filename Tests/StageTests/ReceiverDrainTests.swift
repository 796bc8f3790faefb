import Links
import Loop
import Messages
import Status
import Testing

@testable import Stage

/// A process that others send to is told to stop.
@PipelineActor
struct ReceiverDrainTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func givesBackWhatItHasNotStartedAndOthersTakeItWithoutALoss() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .queue }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.hasLivePeer }
        link.send(1...3)
        try await wait { first.ids == ["1", "2", "3"] }
        let second = try ReceivingEnd(folder["b"])
        try await wait { link.peerStatus.count(where: \.isLive) == 2 }
        first.incoming?.beginDrain()
        try await wait { sender.done.count == 3 }
        #expect(second.received.map(\.losses) == [0, 0, 0])
        #expect(Set(second.ids) == ["1", "2", "3"])
        #expect(first.held.allSatisfy { first.incoming?.start($0) == false }, "they are not its own any more")
        #expect(link.totals.lostPeers == 0)
        await first.end()
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func finishesWhatItHasStartedAndIsGivenNothingNew() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...2)
        try await wait { receiver.held.count == 2 }
        receiver.incoming?.beginDrain()
        try await wait { link.peerStatus.map(\.isDraining) == [true] }
        #expect(sender.links.peers.map(\.state) == ["draining"])
        #expect(link.room == 0)
        link.send(3...3)
        receiver.finishHeld()
        try await wait { sender.done.count == 2 }
        #expect(Set(sender.done) == [1, 2])
        #expect(link.openCount == 1)
        #expect(receiver.received.count == 2)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func mayLeaveOnceItHoldsNothingAndItsSenderKnows() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        let incoming = try #require(receiver.incoming)
        try await wait { link.hasLivePeer }
        link.send(1...1)
        try await wait { receiver.held.count == 1 }
        #expect(!incoming.canLeave, "it does not drain")
        incoming.beginDrain()
        let begun = EventLoop.currentTime
        try await wait {
            #expect(!incoming.canLeave, "it holds something")
            return EventLoop.currentTime - begun > LinkTiming.drain + .milliseconds(500)
        }
        receiver.finishHeld()
        try await wait { incoming.canLeave }
        #expect(sender.done == [1], "what it has finished is known")
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func staysForAWhileThoughItHoldsNothing() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let incoming = try #require(receiver.incoming)
        incoming.beginDrain()
        let begun = EventLoop.shared.now
        try await wait { incoming.canLeave }
        #expect(EventLoop.shared.now - begun >= LinkTiming.drain)
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func servesASenderThatDrainsAndStaysUntilThatHasLeft() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        let incoming = try #require(receiver.incoming)
        try await wait { link.hasLivePeer }
        incoming.beginDrain()
        link.beginDrain()
        let begun = EventLoop.currentTime
        try await wait { link.peerStatus.map(\.isDraining) == [true] && link.room > 0 }
        link.send(1...40)
        try await wait { sender.done.count == 40 }
        try await wait {
            #expect(!incoming.canLeave, "the sender may come with more")
            return EventLoop.currentTime - begun > LinkTiming.drain + .milliseconds(500)
        }
        await sender.end()
        try await wait { incoming.canLeave }
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func leavesWhatItHoldsToOthersWithoutALoss() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.hasLivePeer }
        link.send(1...3)
        try await wait { first.held.count == 3 }
        let second = try ReceivingEnd(folder["b"])
        try await wait { link.peerStatus.count(where: \.isLive) == 2 }
        await first.end()
        try await wait { sender.done.count == 3 }
        #expect(second.received.map(\.losses) == [0, 0, 0], "it has said goodbye: nobody was lost")
        #expect(link.totals.lostPeers == 0)
        await second.end()
        await sender.end()
    }
}
