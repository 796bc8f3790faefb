import LinkSimulator
import Links
import Testing

struct LinkSenderTests {
    @Test
    func asksWhoIsThereAndSendsNothingBefore() {
        var sender = MessageSender<String>(ackAddress: "acks", seed: 1)
        sender.offer("a", bytes: 1, now: .zero)
        sender.resolve(["peer"], now: .zero)
        let hellos = sender.actions().compactMap { if case .hello(_, let hello) = $0 { hello } else { nil } }
        #expect(hellos.map(\.receiver) == [0])
        #expect(hellos.map(\.ackAddress) == ["acks"])
        #expect(sender.unsentCount == 1)
    }

    @Test
    func sendsOnlyWhenTheReceiverHasTheSession() {
        let bench = SenderBench(peers: 1, limit: 0)
        bench.hellos = [:]
        bench.sender.resolve(["peer-0", "new"], now: .zero)
        bench.collect()
        #expect(bench.offer("a").sends.isEmpty)
        #expect(bench.report(1, instance: 7, isOpen: false).sends.isEmpty)
        #expect(bench.hellos[1]?.receiver == 7)
        #expect(bench.report(1, limit: 1).sends == [Send(peer: 1, number: 1)])
    }

    @Test
    func givesEachMessageToThePeerWithMostRoom() {
        let bench = SenderBench(peers: 2, limit: 1)
        bench.report(1, limit: 3)
        let sends = bench.offer("a", "b", "c", "d", "e").sends
        #expect(sends.map(\.peer).sorted() == [0, 1, 1, 1])
        #expect(bench.sender.unsentCount == 1)
        #expect(bench.sender.room == 0)
    }

    @Test
    func keepsFewBytesOnTheirWayHoweverMuchRoomThereIs() {
        let bench = SenderBench(peers: 1, limit: 1000)
        let mebibyte = 1 << 20
        for _ in 0..<100 { bench.sender.offer("a", bytes: mebibyte, now: .zero) }
        #expect(bench.collect().sends.count == 8)
        #expect(bench.sender.room == 0)
        #expect(bench.sender.unsentCount == 92)
        // A hello went behind them, without waiting for its time; its answer shows that they have arrived.
        let hello = bench.hellos[0]
        #expect(hello?.last == 8)
        #expect(bench.report(0, limit: 1000).sends.count == 8)
        // The receiver has seen how large they are, and takes back its room.
        #expect(bench.report(0, limit: 16).sends.isEmpty)
    }

    @Test
    func sendsAMessageOfAnySizeWhenNothingIsOnItsWay() {
        let bench = SenderBench(peers: 1, limit: 1000)
        for _ in 0..<2 { bench.sender.offer("a", bytes: 1 << 28, now: .zero) }
        #expect(bench.collect().sends.count == 1)
        #expect(bench.report(0, limit: 1000).sends.count == 1)
    }

    @Test
    func followsALimitThatShrinks() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        bench.report(0, limit: 1)
        #expect(bench.offer("b").sends.isEmpty)
        #expect(bench.report(0, limit: 2).sends == [Send(peer: 0, number: 2)])
    }

    @Test
    func returnsAMessageWhenItIsDoneAndOnlyOnce() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a", "b", "c")
        #expect(bench.report(0, limit: 5, done: [2...2]).done == ["b"])
        #expect(bench.report(0, limit: 5, done: [1...2]).done == ["a"])
        #expect(bench.sender.openCount == 1)
        #expect(bench.sender.openBytes == 1)
    }

    @Test
    func believesNoNumbersItNeverUsed() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let refusals = [Refusal(number: .max, reason: .draining)]
        let actions = bench.report(0, limit: .max, done: [2...(.max)], missing: [9...(.max - 1)], refused: refusals)
        #expect(actions.done.isEmpty)
        #expect(bench.sender.openCount == 1)
        #expect(bench.sender.room <= 1 << 20)
    }

    @Test
    func countsReportsOfUnknownSessionsAndLateOnes() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let session = bench.hellos[0]?.session ?? 0
        bench.sender.receive(
            Report(session: session &+ 1, receiver: 100, number: 99, answers: 1, isOpen: true, done: [1...1]),
            now: .zero)
        bench.sender.receive(
            Report(session: session, receiver: 100, number: 1, answers: 2, isOpen: true, done: [1...1]), now: .zero)
        #expect(bench.collect().done.isEmpty)
        #expect(bench.sender.totals.unknownReports == 1)
        #expect(bench.sender.totals.staleReports == 1)
    }

    @Test
    func sendsAgainWhatIsMissingAndNothingElse() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a", "b")
        #expect(bench.report(0, limit: 5, missing: [1...1]).sends.isEmpty, "that hello was composed before the message")
        _ = bench.pass(1)
        #expect(bench.report(0, limit: 5, missing: [2...2]).sends == [Send(peer: 0, number: 2)])
        #expect(bench.report(0, limit: 5, missing: [2...2]).sends.isEmpty, "no hello was sent since")
        #expect(bench.sender.totals.sentAgain == 1)
    }

    @Test
    func keepsTheSessionWhenTheSameInstanceSpeaksAgain() {
        let bench = SenderBench(peers: 1, limit: 5)
        let session = bench.hellos[0]?.session
        _ = bench.offer("a")
        #expect(bench.pass(4).sends.isEmpty)
        #expect(bench.sender.peerStatus(now: bench.now).first?.isLost == true)
        #expect(bench.report(0, limit: 5, done: [1...1]).done == ["a"])
        #expect(bench.hellos[0]?.session == session)
        #expect(bench.sender.peerStatus(now: bench.now).first?.isLive == true)
    }

    @Test
    func offersWhatASilentPeerHoldsToOthersOldestFirst() {
        let bench = SenderBench(peers: 2, limit: 0)
        bench.report(0, limit: 3)
        #expect(bench.offer("a", "b", "c").sends.map(\.peer) == [0, 0, 0])
        let sends = bench.pass(4, talking: [1], limit: 2).sends
        #expect(sends == [Send(peer: 1, number: 1), Send(peer: 1, number: 2)])
        #expect(bench.outgoing(1, 1)?.message == "a")
        #expect(bench.outgoing(1, 1)?.losses == 1)
        #expect(bench.report(0, limit: 0, done: [1...3]).done == ["c"], "what nobody took is the old peer's")
    }

    @Test
    func givesAQuietPeerNothingNew() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.pass(2.75)
        #expect(bench.offer("a").sends.isEmpty)
        #expect(bench.sender.room == 0)
        #expect(bench.report(0, limit: 5).sends == [Send(peer: 0, number: 1)])
    }

    @Test
    func doesNotCountTheTimeItWasFrozenAsSilence() {
        let bench = SenderBench(peers: 2, limit: 5)
        _ = bench.offer("a")
        bench.now += .seconds(60)
        bench.sender.tick(now: bench.now)
        #expect(bench.collect().sends.isEmpty)
        #expect(bench.sender.totals.lostPeers == 0)
        #expect(bench.pass(2, talking: [1], limit: 5).sends.isEmpty, "the count begins again")
        #expect(bench.pass(1.25, talking: [1], limit: 5).sends.count == 1)
    }

    @Test
    func movesEverythingAtOnceWhenAnotherInstanceAnswers() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a", "b")
        let old = bench.hellos[0]?.session
        #expect(bench.report(0, instance: 999, isOpen: false).sends.isEmpty)
        #expect(bench.hellos[0]?.session != old)
        #expect(bench.hellos[0]?.receiver == 999)
        #expect(bench.report(0, limit: 5).sends.count == 2)
        #expect(bench.outgoing(0, 1)?.losses == 1)
    }

    @Test
    func takesALateAnswerToItsFirstQuestionForNoDeath() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let session = bench.hellos[0]?.session ?? 0
        bench.sender.receive(Report(session: session, receiver: 7, number: 1, answers: 1, isOpen: false), now: .zero)
        #expect(bench.sender.totals.lostPeers == 0)
        #expect(bench.collect().isEmpty)
    }

    @Test
    func doesNotFeedOneInstanceByTwoAddresses() {
        let bench = SenderBench(peers: 1, limit: 5)
        bench.sender.resolve(["peer-0", "alias"], now: .zero)
        bench.collect()
        bench.report(1, instance: 100, isOpen: false)
        #expect(bench.hellos[1]?.receiver == 0)
    }

    @Test
    func replacesASocketThatSwallowsHellosWhileReportsCome() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let session = bench.hellos[0]?.session ?? 0
        _ = bench.pass(1)
        var replaced: [Int] = []
        for number in 1000..<UInt64(1020) where replaced.isEmpty {
            bench.sender.receive(
                Report(session: session, receiver: 100, number: number, answers: 3, isOpen: true, limit: 5),
                now: bench.now)
            replaced += bench.pass(0.25).replacedSockets
        }
        #expect(replaced == [0])
        #expect(bench.hellos[0]?.session == session)
        #expect(bench.now > .seconds(3) && bench.now < .seconds(5))
    }

    @Test
    func givesALargeTransferTimeBeforeItReplacesTheSocket() {
        let bench = SenderBench(peers: 1, limit: 5)
        bench.sender.offer("large", bytes: 64 << 20, now: bench.now)
        bench.collect()
        let session = bench.hellos[0]?.session ?? 0
        for number in 1000..<UInt64(1100) {
            bench.sender.receive(
                Report(session: session, receiver: 100, number: number, answers: 2, isOpen: true, limit: 5),
                now: bench.now)
            #expect(bench.pass(0.25).replacedSockets.isEmpty)
        }
    }

    @Test
    func replacesTheSocketOfAPeerThatNeverAnswers() {
        let bench = SenderBench(peers: 0, limit: 0)
        bench.sender.resolve(["peer"], now: .zero)
        #expect(bench.pass(9).replacedSockets.isEmpty)
        #expect(bench.pass(2).replacedSockets == [0])
    }

    @Test
    func forgetsAPeerThatIsAbsentFromDNSAndSilentAndHoldsNothing() {
        let bench = SenderBench(peers: 2, limit: 5)
        _ = bench.offer("a")
        bench.sender.resolve([], now: bench.now)
        #expect(bench.pass(5, talking: [0, 1], limit: 5).closedPeers.isEmpty, "they report")
        #expect(bench.pass(4, talking: [0], limit: 5).closedPeers == [1])
        #expect(bench.pass(10).closedPeers.isEmpty, "the other holds a message")
    }
}
