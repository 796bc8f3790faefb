import Links
import Loop
import Messages
import Status
import Testing

@testable import Stage

/// A process that sends to others is told to stop.
@PipelineActor
struct SenderDrainTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func takesBackOnceWhatNoPeerHasRoomFor() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 2) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.room == 2 }
        link.send(1...5)
        try await wait { receiver.held.count == 2 }
        link.beginDrain(returningUnsent: true)
        var unsent: [Origin] = []
        try await wait {
            unsent += link.takeUnsent()
            return unsent.count >= 3
        }
        #expect(unsent == [.lease(3), .lease(4), .lease(5)])
        #expect(link.takeUnsent() == [])
        #expect(link.openCount == 2)
        receiver.finishHeld()
        try await wait { link.isIdle }
        #expect(sender.done.sorted() == [1, 2], "what was taken back is not done")
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesBackWhatADrainingPeerGivesBack() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .queue }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...3)
        try await wait { receiver.held.count == 3 }
        link.beginDrain(returningUnsent: true)
        receiver.incoming?.beginDrain()
        var unsent: [Origin] = []
        try await wait {
            unsent += link.takeUnsent()
            return unsent.count == 3
        }
        #expect(Set(unsent) == [.lease(1), .lease(2), .lease(3)])
        #expect(link.isIdle)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesBackWhatComesWhileItDrains() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.beginDrain(returningUnsent: true)
        link.send(1...2)
        try await wait { link.isIdle }
        var unsent: [Origin] = []
        try await wait {
            unsent += link.takeUnsent()
            return unsent.count == 2
        }
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func goesOnWithWhatItHasUnlessItIsToTakeItBack() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...3)
        link.beginDrain()
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { sender.done.count == 3 }
        #expect(link.takeUnsent() == [])
        try await wait { receiver.links?.peers.map(\.state) == ["draining"] }
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysGoodbyeSoThatNobodyWaitsForItsSilence() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...1)
        try await wait { sender.done == [1] }
        #expect(receiver.links?.peers.map(\.state) == ["alive"])
        await sender.end()
        var silence = Duration.zero
        try await wait {
            guard let session = receiver.incoming?.sessionStatus.first, !session.isLive else { return false }
            silence = session.silence
            return true
        }
        #expect(silence < LinkTiming.lost)
        await receiver.end()
    }
}
