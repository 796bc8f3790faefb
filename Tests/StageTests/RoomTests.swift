import Links
import Loop
import Messages
import Status
import Testing

@testable import Stage

/// How much a peer takes, and how the stage before it learns of that.
@PipelineActor
struct RoomTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func lacksButForOneMessageThatShowsWhoIsThere() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 0) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...20)
        try await wait { receiver.received.count == 1 }
        let answered = link.totals.done
        try await Task.sleep(for: .milliseconds(300))
        #expect(receiver.received.count == 1 && link.totals.done == answered)
        receiver.room = 11
        try await wait { receiver.received.count == 11 }
        receiver.deed = { _ in .finish }
        receiver.finishHeld()
        try await wait { sender.done.count == 20 }
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isNeverNegativeWhateverTheStageSays() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: -5) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...3)
        try await wait { receiver.received.count == 1 }
        #expect(link.room == 0)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isSaidToAStageThatSendsOnlyWhenItIsAsked() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 8)
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        var next = 1
        var most = 0
        link.onRoom = {
            while link.room > 0, next <= 300 {
                link.send(next...next)
                next += 1
            }
            most = max(most, link.openCount)
        }
        try await wait { sender.done.count == 300 }
        #expect(receiver.received.count == 300)
        #expect(most <= 8)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isSaidOnceAndAgainWhenItHasChanged() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 8) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        var rooms: [Int] = []
        link.onRoom = { rooms.append(link.room) }
        try await wait { link.room == 8 && !rooms.isEmpty }
        // Reports and turns without news.
        try await Task.sleep(for: .milliseconds(1200))
        #expect(rooms.count == Set(rooms).count && rooms.last == 8, "\(rooms)")
        let before = rooms.count
        link.send(1...8)
        try await wait { link.room == 0 && receiver.held.count == 8 }
        receiver.finishHeld()
        try await wait { link.room == 8 }
        try await wait { rooms.count > before && rooms.last == 8 }
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isDividedAmongSenders() async throws {
        let receiver = try ReceivingEnd(folder["a"], room: 10) { _ in .keep }
        let (one, oneLink) = try SendingEnd.start(acks: folder["acks1"], to: [folder["a"]])
        let (two, twoLink) = try SendingEnd.start(acks: folder["acks2"], to: [folder["a"]])
        try await wait { oneLink.hasLivePeer && twoLink.hasLivePeer }
        oneLink.send(1...100)
        twoLink.send(101...200)
        receiver.deed = { _ in .finish }
        receiver.finishHeld()
        try await wait { one.done.count == 100 && two.done.count == 100 }
        #expect(Set(one.done) == Set(1...100) && Set(two.done) == Set(101...200), "each hears of its own")
        #expect(receiver.links?.peers.map(\.address).sorted() == [folder["acks1"], folder["acks2"]])
        await receiver.end()
        await one.end()
        await two.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func goesToWhoeverHasMostOfIt() async throws {
        let small = try ReceivingEnd(folder["a"], room: 2) { _ in .keep }
        let large = try ReceivingEnd(folder["b"], room: 50) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.room == 52 }
        link.send(1...40)
        try await wait { small.received.count + large.received.count == 40 }
        #expect(large.received.count == 40)
        #expect(link.room == 12)
        await small.end()
        await large.end()
        await sender.end()
    }
}

/// Large messages on a link whose other end is busy with each for a while.
@PipelineActor
struct LargeMessageTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func letSmallOnesPass() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { $0.payload.count > 100 ? .keep : .finish }
        let (sender, link) = try SendingEnd.start(
            acks: folder["acks"], to: [folder["a"]], largeFrom: 1 << 20)
        try await wait { link.room >= 60 }
        for number in 1...3 as ClosedRange<UInt64> {
            link.send(request(Int(number), bytes: 9 << 20), from: .lease(number))
        }
        link.send(4...20)
        try await wait { sender.done.count == 17 }
        #expect(receiver.ids.filter { (Int($0) ?? 0) <= 3 } == ["1"], "it holds 16 MiB of such, or one")
        for held in [["1", "2"], ["1", "2", "3"]] {
            receiver.finishHeld()
            try await wait { receiver.ids.filter { (Int($0) ?? 0) <= 3 } == held }
        }
        receiver.finishHeld()
        try await wait { link.isIdle }
        #expect(sender.done.count == 20)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepTheirTurnWhereNoneIsLarge() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        for number in 1...2 as ClosedRange<UInt64> {
            link.send(request(Int(number), bytes: 9 << 20), from: .lease(number))
        }
        link.send(3...6)
        try await wait { sender.done.count == 6 }
        #expect(receiver.ids == ["1", "2", "3", "4", "5", "6"])
        await receiver.end()
        await sender.end()
    }
}
