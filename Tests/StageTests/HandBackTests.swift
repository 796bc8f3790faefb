import Links
import Loop
import Messages
import Queue
import Testing
import Wire

@testable import Stage

/// Messages that a peer gives back because it has no place for them.
@PipelineActor
struct HandBackTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func isSaidOfALaneUntilItsMessageIsDone() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .handBack }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...1, lane: 3)
        try await wait { link.hasHandedBack(lane: 3) }
        #expect(!link.hasHandedBack(lane: 4))
        #expect(link.openCount == 1)
        #expect(sender.events == [], "it keeps its share")
        receiver.deed = { _ in .finish }
        try await wait { sender.done == [1] }
        #expect(!link.hasHandedBack(lane: 3))
        #expect(receiver.received.count >= 2)
        #expect(receiver.received.allSatisfy { $0.losses == 0 }, "nobody was lost")
        #expect(sender.events == ["share 3", "done 1"])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isSaidUntilTheLastOfALaneIsDone() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .handBack }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...2, lane: 0)
        link.send(3...3, lane: 1)
        try await wait { link.totals.refused >= 3 }
        receiver.deed = { $0.id == "2" ? .keep : .finish }
        try await wait { sender.done.count == 2 && receiver.held.count == 1 }
        #expect(link.hasHandedBack(lane: 0), "the other one has not been done")
        #expect(!link.hasHandedBack(lane: 1))
        receiver.finishHeld()
        try await wait { sender.done.count == 3 }
        #expect(!link.hasHandedBack(lane: 0))
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func bringsAMessageToAnotherPeerAndTroublesNobodyElse() async throws {
        let stuck = try ReceivingEnd(folder["a"]) { $0.id == "5" ? .handBack : .finish }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.hasLivePeer }
        link.send(5...5, lane: 0)
        try await wait { link.hasHandedBack(lane: 0) }
        link.send(6...20, lane: 1)
        try await wait { sender.done.count == 15 }
        let other = try ReceivingEnd(folder["b"])
        try await wait { sender.done.count == 16 }
        #expect(other.ids.contains("5"))
        #expect(!link.hasHandedBack(lane: 0))
        await stuck.end()
        await other.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func concernsOnlyWhatHasALane() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .handBack }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        #expect(link.send(request(1), from: .lease(1)) == nil)
        try await wait { link.totals.refused >= 1 }
        #expect(!link.hasHandedBack(lane: 0))
        receiver.deed = { _ in .finish }
        try await wait { sender.done == [1] }
        #expect(sender.events == ["done 1"], "there was no share")
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesBackEachShareAsItWasTaken() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        var ended: [QueueShares.Share] = []
        link.onShareEnd = { ended.append($0) }
        let taken = [(1, 100), (2, 5000)].map { number, bytes in
            link.send(request(number, bytes: bytes), from: .lease(UInt64(number)), lane: number)
        }
        #expect(taken.map { $0?.lane } == [1, 2])
        #expect(taken.allSatisfy { $0 != nil } && (taken[1]?.bytes ?? 0) - (taken[0]?.bytes ?? 0) == 4900)
        try await wait { sender.done.count == 2 }
        #expect(ended.sorted { $0.lane < $1.lane } == taken)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesNoShareForWhatNoFrameCarries() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        for number in 1...2 as ClosedRange<UInt64> {
            let hopeless = Envelope(
                id: "a", queue: "reviews", receipt: Receipt([UInt8](repeating: 65, count: 17 << 20)))
            #expect(link.send(hopeless, from: .lease(number), lane: 0) == nil)
        }
        #expect(sender.events == ["done 1", "done 2"])
        #expect(link.isIdle)
        let message = "A request does not fit into a frame, whatever becomes of it; its lease will expire"
        try await wait { !sender.log(message).isEmpty }
        #expect(sender.log(message).map { $0["count"] } == ["2"])
        #expect(sender.log(message).first?["error"] == "reviews: receipt of \(17 << 20) bytes")
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func makesADeadLetterOfWhatTwiceCouldNotBeRead() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { $0.progress == .waiting ? .refuse(.undecodable) : .finish }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...1, lane: 0)
        try await wait { sender.done == [1] }
        #expect(receiver.received.count == 3)
        #expect(
            receiver.received.last?.progress
                == .ended(.deadLetter(reason: "two processes could not decode this request")))
        #expect(link.totals.deadLetters == 1)
        #expect(sender.events == ["share 0", "done 1"])
        #expect(!link.hasHandedBack(lane: 0))
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func meetsAMessageThatCannotBeRead() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.room > 0 }
        let session = try #require(link.peerStatus.first?.session)
        let whole = try MessageFrame.encode(request(1), session: session, number: 1, losses: 0)
        let stranger = try Stranger(at: folder["a"])
        try await stranger.send(whole.dropLast())
        try await wait { receiver.incoming?.totals.refused == 1 }
        #expect(receiver.received.isEmpty)
        #expect(receiver.incoming?.unfinishedCount == 0)
        let line = "Frames could not be read and were dropped"
        try await wait { receiver.log.count(line) == 1 }
        #expect(receiver.log(line).first?["error"]?.contains("payload_length") == true)
        await receiver.end()
        await sender.end()
    }
}

struct HandedBackTests {
    private func share(_ lane: Int) -> QueueShares.Share { .init(lane: lane, bytes: 10) }

    @Test
    func countsEachMessageOnceHoweverOftenItComesBack() {
        var handedBack = HandedBack()
        handedBack.insert(.lease(2), share(1))
        for _ in 0..<3 { handedBack.insert(.lease(1), share(0)) }
        #expect(handedBack.has(lane: 0))
        handedBack.remove(.lease(1), share(0))
        #expect(!handedBack.has(lane: 0) && handedBack.has(lane: 1))
    }

    @Test
    func ignoresWhatNeverCameBackAndWhatHasNoShare() {
        var handedBack = HandedBack()
        handedBack.insert(.lease(1), nil)
        #expect(!handedBack.has(lane: 0))
        handedBack.insert(.lease(2), share(0))
        handedBack.remove(.lease(3), share(0))
        #expect(handedBack.has(lane: 0), "another message of the lane is done")
        handedBack.remove(.lease(2), share(0))
        handedBack.remove(.lease(2), share(0))
        #expect(!handedBack.has(lane: 0))
    }

    @Test
    func keepsLanesApart() {
        var handedBack = HandedBack()
        handedBack.insert(.lease(1), share(0))
        handedBack.insert(.lease(2), share(1))
        handedBack.insert(.lease(3), share(1))
        handedBack.remove(.lease(2), share(1))
        #expect(handedBack.has(lane: 0) && handedBack.has(lane: 1) && !handedBack.has(lane: 2))
        handedBack.remove(.lease(3), share(1))
        #expect(handedBack.has(lane: 0) && !handedBack.has(lane: 1))
    }
}
