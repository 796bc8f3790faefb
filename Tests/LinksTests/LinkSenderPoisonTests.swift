import LinkSimulator
import Links
import Testing

struct LinkSenderPoisonTests {
    /// Kills the process behind a peer: another answers in its place.
    private func kill(_ peer: Int, _ bench: SenderBench, instance: UInt64, limit: UInt64)
        -> [MessageSender<String>.Action]
    {
        bench.report(peer, instance: instance, isOpen: false) + bench.report(peer, limit: limit)
    }

    @Test
    func buriesAMessageThatLostTooManyHolders() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("poison")
        #expect(kill(0, bench, instance: 201, limit: 5).sends.count == 1)
        #expect(kill(0, bench, instance: 202, limit: 5).sends.count == 1)
        let actions = kill(0, bench, instance: 203, limit: 5)
        #expect(actions.deadLetters == ["poison"])
        #expect(actions.sends.isEmpty)
        #expect(bench.sender.isIdle)
    }

    @Test
    func countsNoLossForWhatNeverLeftTheProcess() {
        let bench = SenderBench(peers: 1, limit: 5)
        bench.sender.offer("a", bytes: 1, now: .zero)
        var instance: UInt64 = 300
        for _ in 0..<5 {
            // The shell has not called `outgoing`: the frame waits for a connection.
            _ = bench.sender.actions()
            guard let hello = bench.hellos[0] else { return }
            instance += 1
            bench.sender.receive(
                Report(session: hello.session, receiver: instance, number: 9, answers: hello.number, isOpen: false),
                now: .zero)
            for case .hello(_, let hello) in bench.sender.actions() { bench.hellos[0] = hello }
            bench.reports = 1
            guard let hello = bench.hellos[0] else { return }
            bench.sender.receive(
                Report(
                    session: hello.session, receiver: instance, number: 10, answers: hello.number, isOpen: true,
                    limit: 5),
                now: .zero)
        }
        #expect(bench.outgoing(0, 1)?.losses == 0)
    }

    @Test
    func sendsMessagesThatLostTwoHoldersOneByOneToEachPeer() {
        let bench = SenderBench(peers: 1, limit: 5)
        for name in ["a", "b"] { bench.sender.offer(name, bytes: 1, losses: 2, now: .zero) }
        #expect(bench.collect().sends == [Send(peer: 0, number: 1)])
        #expect(bench.offer("innocent").sends == [Send(peer: 0, number: 2)], "others pass")
        #expect(bench.report(0, limit: 5, done: [1...1]).sends == [Send(peer: 0, number: 3)])
        #expect(bench.outgoing(0, 3)?.message == "b")
    }

    @Test
    func letsTheOwnerSendAMessageAlone() {
        let bench = SenderBench(peers: 1, limit: 5)
        for name in ["a", "b"] { bench.sender.offer(name, bytes: 1, travelsAlone: true, now: .zero) }
        #expect(bench.collect().sends.count == 1)
        #expect(bench.outgoing(0, 1)?.losses == 0)
    }

    @Test
    func buriesWhatTwoReceiversCannotRead() {
        let bench = SenderBench(peers: 2, limit: 5)
        _ = bench.offer("a")
        let refusal = [Refusal(number: 1, reason: .undecodable)]
        let sends = bench.report(0, limit: 5, refused: refusal).sends
        #expect(sends == [Send(peer: 1, number: 1)], "another peer may be able to")
        #expect(bench.report(1, limit: 5, refused: refusal).deadLetters == ["a"])
    }

    @Test
    func offersARefusedMessageToTheSamePeerOnlyAfterAWhileAndIfItIsAlone() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        #expect(bench.report(0, limit: 5, refused: [Refusal(number: 1, reason: .unsettleable)]).sends.isEmpty)
        #expect(bench.pass(0.75, talking: [0], limit: 5).sends.isEmpty)
        #expect(bench.pass(0.75, talking: [0], limit: 5).sends == [Send(peer: 0, number: 2)])
    }

    @Test
    func doesNotLetWhatNobodyHasRoomForGoRound() {
        let bench = SenderBench(peers: 2, limit: 100)
        var first = bench.offer("a").sends
        var offers = 0
        for _ in 0..<40 {
            if let send = first.first {
                offers += 1
                let refusal = Refusal(number: send.number, reason: .unsettleable)
                first = bench.report(send.peer, limit: 100, refused: [refusal]).sends
            } else {
                first = bench.pass(0.25, talking: [0, 1], limit: 100).sends
            }
        }
        // At once, then after 2 s and 4 s and so on: ten seconds have passed.
        #expect((4...5).contains(offers))
        #expect(bench.sender.openCount == 1)
    }

    @Test
    func takesNoRoomFromOthersWithWhatWasHandedBack() {
        let bench = SenderBench(peers: 1, limit: 4)
        _ = bench.offer("a", "b", "c")
        let refusals = (1...3).map { Refusal(number: $0, reason: .unsettleable) }
        #expect(bench.report(0, limit: 7, refused: refusals).sends.isEmpty)
        #expect(bench.sender.room == 4)
        #expect(bench.offer("d", "e").sends.count == 2)
    }

    @Test
    func saysWhatWasRefusedAndKeepsIt() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let actions = bench.report(0, limit: 5, refused: [Refusal(number: 1, reason: .unsettleable)])
        #expect(actions.refused == ["a"])
        #expect(bench.pass(1.5, talking: [0], limit: 5).sends.count == 1)
        #expect(bench.report(0, limit: 5, done: [2...2]).done == ["a"])
    }

    @Test
    func passesOnAtOnceWhatADrainingPeerGivesBack() {
        let bench = SenderBench(peers: 2, limit: 1)
        let first = bench.offer("a").sends
        let peer = first.first?.peer ?? 0
        let sends = bench.report(peer, limit: 1, refused: [Refusal(number: 1, reason: .draining)]).sends
        #expect(sends == [Send(peer: 1 - peer, number: 1)])
        #expect(bench.outgoing(1 - peer, 1)?.losses == 0)
    }

    @Test
    func movesWhatALeavingPeerAbortsWithoutCountingALoss() {
        let bench = SenderBench(peers: 2, limit: 1)
        let peer = bench.offer("a").sends.first?.peer ?? 0
        #expect(bench.report(peer, isLeaving: true).sends == [Send(peer: 1 - peer, number: 1)])
        #expect(bench.outgoing(1 - peer, 1)?.losses == 0)
        #expect(bench.sender.totals.lostPeers == 0)
    }

    @Test
    func returnsWhatItHasNotSentWhenItDrains() {
        let bench = SenderBench(peers: 1, limit: 1)
        _ = bench.offer("a", "b")
        bench.sender.beginDrain(returningUnsent: true, now: .zero)
        #expect(bench.collect().returned == ["b"])
        #expect(bench.hellos[0]?.isDraining == true)
        #expect(bench.report(0, limit: 2, refused: [Refusal(number: 1, reason: .draining)]).returned == ["a"])
        #expect(bench.sender.isIdle)
        bench.sender.leave()
        bench.collect()
        #expect(bench.hellos[0]?.isLeaving == true)
    }

    @Test
    func goesOnSendingWhileItDrainsIfNobodyElseCan() {
        let bench = SenderBench(peers: 1, limit: 1)
        _ = bench.offer("a", "b")
        bench.sender.beginDrain(now: .zero)
        #expect(bench.collect().returned.isEmpty)
        #expect(bench.report(0, limit: 2).sends == [Send(peer: 0, number: 2)])
    }
}
