import Links
import Loop
import Messages
import PipelineMetrics
import Status
import Testing

@testable import Stage

/// Processes that die with messages open, and those that take over.
@PipelineActor
struct LostPeerTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func givesToAnotherWhatALostPeerHeld() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.hasLivePeer }
        link.send(1...3)
        try await wait { first.held.count == 3 }
        let second = try ReceivingEnd(folder["b"])
        try await wait { link.peerStatus.count(where: \.isLive) == 2 }
        first.vanish()
        try await wait { sender.links.peers.map(\.state).sorted() == ["alive", "lost"] }
        try await wait { sender.done.count == 3 }
        #expect(second.ids == ["1", "2", "3"])
        #expect(second.received.map(\.losses) == [1, 1, 1])
        #expect(link.totals.lostPeers == 1)
        #expect(link.totals.moved == 3)
        #expect(link.isIdle)
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesToTheProcessThatTakesAnAddressWhatTheOneBeforeHeld() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...2)
        try await wait { first.held.count == 2 }
        let before = link.peerStatus.first?.instance
        first.vanish()
        let second = try ReceivingEnd(folder["a"])
        try await wait { sender.done.count == 2 }
        #expect(second.ids == ["1", "2"])
        #expect(second.received.map(\.losses) == [1, 1])
        #expect(link.totals.lostPeers == 1)
        #expect(link.peerStatus.map(\.address) == [folder["a"]])
        #expect(link.peerStatus.first?.instance != before)
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsWhatALostPeerHeldWhileNobodyElseIsThere() async throws {
        let first = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        link.send(1...1)
        try await wait { first.held.count == 1 }
        #expect(link.held == 0, "it counts as the peer's")
        first.vanish()
        try await wait { link.totals.lostPeers == 1 }
        #expect(!link.hasLivePeer)
        #expect(sender.links.linksWithoutPeer == ["ingest-dispatch"])
        #expect(link.openCount == 1)
        #expect(link.held == 1, "the peer has it no more")
        link.send(2...2)
        #expect(link.held == 2)
        let second = try ReceivingEnd(folder["a"])
        try await wait { sender.done.count == 2 }
        #expect(Set(second.received.map { "\($0.id) \($0.losses)" }) == ["1 1", "2 0"])
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func sendsADeadLetterInPlaceOfWhatTooManyWereLostWith() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]], maxDeliveries: 1)
        link.send(7...7, lane: 2)
        for losses in 0...1 {
            let victim = try ReceivingEnd(folder["a"]) { _ in .keep }
            try await wait { victim.held.count == 1 }
            #expect(victim.received.first?.losses == losses)
            #expect(victim.received.first?.progress == .waiting)
            victim.vanish()
        }
        let last = try ReceivingEnd(folder["a"])
        try await wait { sender.done == [7] }
        let letter = try #require(last.received.first)
        #expect(letter.progress == .ended(.deadLetter(reason: "2 processes were lost while they held this request")))
        #expect(letter.losses == 0)
        #expect(letter.payload.isEmpty)
        #expect(link.totals.deadLetters == 1)
        #expect(sender.events == ["share 2", "done 7"], "its share is given back once")
        let lines = sender.log("A request becomes a dead letter")
        #expect(lines.map { $0["request.id"] } == ["7"])
        await last.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func letsWhatTwoWereLostWithTravelAlone() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { $0.losses == 2 ? .keep : .finish }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        try await wait { link.hasLivePeer }
        for number in 1...2 { link.send(request(number, losses: 2), from: .lease(UInt64(number))) }
        link.send(3...9)
        try await wait { sender.done.count == 7 }
        #expect(receiver.ids.filter { ["1", "2"].contains($0) } == ["1"], "there is room for more than one")
        receiver.finishHeld()
        try await wait { receiver.ids.contains("2") }
        receiver.finishHeld()
        try await wait { sender.done.count == 9 }
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhenPeersComeAndGoAndOnlyThen() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        let (none, some) = ("No peer answers; waiting for one", "A peer answers")
        try await wait { sender.log(none, some).map(\.message) == [none] }
        let receiver = try ReceivingEnd(folder["a"])
        try await wait { sender.log(none, some).map(\.message) == [none, some] }
        #expect(sender.log(some).first?["addresses"]?.contains(folder["a"]) == true)
        receiver.vanish()
        try await wait { !link.hasLivePeer }
        try await wait { sender.log(none, some).count == 3 }
        #expect(sender.log(none, some).map(\.message) == [none, some, none])
        #expect(sender.log(none).allSatisfy { $0["link"] == "ingest-dispatch" })
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func namesTheOneOfSeveralThatIsLost() async throws {
        let stays = try ReceivingEnd(folder["a"])
        let goes = try ReceivingEnd(folder["b"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.peerStatus.filter(\.isLive).count == 2 }
        goes.vanish()
        let (lost, again) = ("A peer is lost; what it has not finished goes to others", "A lost peer answers again")
        try await wait { !sender.log(lost).isEmpty }
        #expect(sender.log(lost).map { $0["peer"] } == [folder["b"]])
        let back = try ReceivingEnd(folder["b"])
        try await wait { !sender.log(again).isEmpty }
        #expect(sender.log(lost, again).map(\.message) == [lost, again])
        await back.end()
        await stays.end()
        await sender.end()
    }

    /// As each replica does that is scaled away.
    @Test(.timeLimit(.minutes(1)))
    func doesNotCallOneLostThatHasSaidGoodbye() async throws {
        let stays = try ReceivingEnd(folder["a"])
        let leaves = try ReceivingEnd(folder["b"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"], folder["b"]])
        try await wait { link.peerStatus.filter(\.isLive).count == 2 }
        await leaves.end()
        try await wait { link.peerStatus.allSatisfy { $0.address != folder["b"] || $0.silence > LinkTiming.lost } }
        // The line would come within a second.
        try await wait {
            link.peerStatus.allSatisfy { $0.address != folder["b"] || $0.silence > LinkTiming.lost * 1.5 }
        }
        #expect(sender.log("A peer is lost; what it has not finished goes to others").isEmpty)
        await stays.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func doubtsWhatItHoldsOnceItsSenderIsSilent() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let incoming = try #require(receiver.incoming)
        var sender: SendingEnd? = try SendingEnd(acks: folder["acks"])
        sender?.link("ingest-dispatch", to: [folder["a"]]).send(1...1)
        sender?.start()
        try await wait { receiver.held.count == 1 }
        let ticket = try #require(receiver.held.first)
        try await wait { !incoming.mayBeElsewhere(ticket) }
        #expect(!incoming.mayBeElsewhere(.lease(1)), "it did not come from there")
        sender = nil
        try await wait { incoming.mayBeElsewhere(ticket) }
        #expect(incoming.mayBeElsewhere(.message(ticket)))
        #expect(incoming.unfinishedCount == 1, "it is finished all the same")
        try await wait { receiver.links?.peers.map(\.state) == ["silent"] }
        incoming.finish(.message(ticket))
        #expect(incoming.unfinishedCount == 0)
        await receiver.end()
    }
}

extension OutgoingLink {
    /// Messages that count as this process's.
    fileprivate var held: Int {
        var counts = HeldCounts()
        count(in: .link, into: &counts)
        return counts.counts.values.reduce(0) { $0 + $1.values.reduce(0, +) }
    }
}
