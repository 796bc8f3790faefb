import Links
import Loop
import Messages
import Status
import Testing
import Wire

@testable import Stage

/// Several links of a process, whose reports arrive at one port.
@PipelineActor
struct SharedAcksTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func bringsEachReportToItsLink() async throws {
        let retry = try ReceivingEnd(folder["r"], "dispatch-retry")
        let emit = try ReceivingEnd(folder["e"], "dispatch+retry-emit") { _ in .keep }
        let sender = try SendingEnd(acks: folder["acks"])
        let toRetry = sender.link("dispatch-retry", to: [folder["r"]])
        let toEmit = sender.link("dispatch-emit", to: [folder["e"]])
        sender.start()
        toRetry.send(1...50)
        toEmit.send(101...110)
        try await wait { sender.done.count == 50 && emit.held.count == 10 }
        #expect(Set(sender.done) == Set(1...50))
        #expect(toRetry.isIdle && toEmit.openCount == 10)
        #expect(toRetry.totals.unknownReports == 0 && toEmit.totals.unknownReports == 0)
        emit.finishHeld()
        try await wait { toEmit.isIdle }
        #expect(Set(sender.done) == Set(1...50).union(101...110))
        #expect(sender.links.peers.map(\.link) == ["dispatch-retry", "dispatch-emit"])
        await retry.end()
        await emit.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func namesTheLinksThatAreWithoutAPeer() async throws {
        let sender = try SendingEnd(acks: folder["acks"])
        let toRetry = sender.link("dispatch-retry", to: [folder["r"]])
        _ = sender.link("dispatch-emit", to: [folder["e"]])
        sender.start()
        #expect(sender.links.linksWithoutPeer == ["dispatch-retry", "dispatch-emit"])
        let retry = try ReceivingEnd(folder["r"], "dispatch-retry")
        try await wait { toRetry.hasLivePeer }
        #expect(sender.links.linksWithoutPeer == ["dispatch-emit"])
        #expect(sender.links.peers.map(\.state) == ["alive", "silent"])
        await retry.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysNowAndThenWhatIsNoReportAndGoesOn() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        let stranger = try Stranger(at: folder["acks"])
        let message = try MessageFrame.encode(request(1), session: 1, number: 1, losses: 0)
        let hello = Hello(session: 1, receiver: 0, number: 1, ackAddress: folder["nobody"])
        for frame in [message, [], Array("GET / HTTP/1.1\r\n\r\n".utf8), [9, 9, 9]] { try await stranger.send(frame) }
        try await stranger.send(hello.encoded())
        link.send(1...20)
        try await wait { sender.done.count == 20 }
        let dropped = "Frames that are no reports were dropped where reports arrive"
        try await wait { sender.log.count(dropped) == 4 }
        #expect(sender.log(dropped).count <= 2, "a second one if the look came in between")
        #expect(sender.log(dropped).first?["error"] == "a message for another port")
        #expect(sender.links.problems == [])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysGoodbyeOnEachLink() async throws {
        let retry = try ReceivingEnd(folder["r"], "dispatch-retry") { _ in .keep }
        let emit = try ReceivingEnd(folder["e"], "dispatch+retry-emit")
        let sender = try SendingEnd(acks: folder["acks"])
        let links = [sender.link("dispatch-retry", to: [folder["r"]]), sender.link("dispatch-emit", to: [folder["e"]])]
        sender.start()
        for link in links { link.send(1...1) }
        try await wait { sender.done.count == 1 && retry.held.count == 1 }
        await sender.end()
        try await wait {
            [retry, emit].allSatisfy { end in
                end.incoming?.sessionStatus.contains { !$0.isLive && $0.silence < LinkTiming.lost } == true
            }
        }
        #expect(retry.incoming?.unfinishedCount == 1, "it is finished all the same")
        await retry.end()
        await emit.end()
    }
}

/// The ways back to senders, which say themselves where that is.
@PipelineActor
struct ReportersTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func sayOnceWhichAddressesAreNone() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let stranger = try Stranger(at: folder["a"])
        for number in 1...3 as ClosedRange<UInt64> {
            try await stranger.send(
                Hello(session: number, receiver: 0, number: 1, ackAddress: "garbage").encoded())
        }
        let line = "Cannot connect to a sender's address for reports"
        try await wait { receiver.log.count(line) == 3 }
        #expect(receiver.log(line).count <= 2, "a second one if the look came in between")
        #expect(receiver.log(line).first?["acks"] == "garbage: expected tcp://HOST:PORT or ipc://PATH")
        #expect(receiver.incoming?.reporterCount == 0)
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func answerFewStrangersAtOnceAndSayThatThereWereMore() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let stranger = try Stranger(at: folder["a"])
        for number in 1...300 as ClosedRange<UInt64> {
            let hello = Hello(session: number, receiver: 0, number: 1, ackAddress: folder["nobody-\(number)"])
            try await stranger.send(hello.encoded())
        }
        let line = "More senders ask who is here than are answered at once; each asks again"
        try await wait { !receiver.log(line).isEmpty }
        #expect((receiver.incoming?.reporterCount ?? 0) <= StrangerPlaces.most)
        #expect(receiver.log(line).first?["acks"]?.contains("nobody-") == true)
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func letGoOfASenderThatHasLeftAndIsGone() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...1)
        try await wait { sender.done == [1] }
        #expect(receiver.incoming?.reporterCount == 1)
        await sender.end()
        try await wait { receiver.incoming?.reporterCount == 0 }
        #expect(receiver.incoming?.sessionStatus == [])
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func reachASenderThatComesBackAtItsAddress() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        for number in 1...2 {
            let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
            link.send(number...number)
            try await wait { sender.done == [UInt64(number)] }
            await sender.end()
        }
        #expect(receiver.ids == ["1", "2"])
        await receiver.end()
    }
}
