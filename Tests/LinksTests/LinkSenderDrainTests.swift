import LinkSimulator
import Links
import Testing

/// What a draining ingest gives back to the queue, and what it leaves with its peers.
struct LinkSenderDrainTests {
    @Test
    func givesBackWhatADrainingPeerRefusedBefore() {
        let bench = SenderBench(peers: 1, limit: 3)
        _ = bench.offer("a", "b", "c")
        let refusals = [2, 3].map { Refusal(number: $0, reason: .draining) }
        #expect(bench.report(0, refused: refusals).returned.isEmpty, "another peer may come")
        bench.sender.beginDrain(returningUnsent: true, now: bench.now)
        let actions = bench.collect()
        #expect(Set(actions.returned) == ["b", "c"])
        #expect(actions.sends.isEmpty)
        #expect(bench.report(0, limit: 9, done: [1...1]).sends.isEmpty, "though it has room for a draining sender")
        #expect(bench.sender.isIdle)
    }

    @Test
    func givesBackWhatAPeerThatDiedHeld() {
        let bench = SenderBench(peers: 1, limit: 3)
        _ = bench.offer("a")
        bench.sender.beginDrain(returningUnsent: true, now: bench.now)
        bench.collect()
        #expect(bench.report(0, instance: 999, isOpen: false).returned == ["a"])
        #expect(bench.sender.isIdle)
    }

    @Test
    func leavesWithASilentPeerWhatItMayBeWorkingOn() {
        let bench = SenderBench(peers: 1, limit: 3)
        _ = bench.offer("a")
        bench.sender.beginDrain(returningUnsent: true, now: bench.now)
        #expect(bench.pass(4).returned.isEmpty)
        #expect(bench.report(0, limit: 3, done: [1...1]).done == ["a"])
    }

    @Test
    func givesBackWhatStillWaitsForItsSocket() {
        let bench = SenderBench(peers: 1, limit: 3)
        for message in ["a", "b", "c"] { bench.sender.offer(message, bytes: 1, now: bench.now) }
        while let action = bench.sender.nextAction() {
            if case .message(let peer, 1) = action { bench.sender.markTransmitted(to: peer, number: 1) }
        }
        bench.sender.beginDrain(returningUnsent: true, now: bench.now)
        #expect(bench.collect().returned == ["b", "c"])
        #expect(bench.hellos[0]?.open == [1...1], "the receiver learns not to wait for them")
        #expect(bench.outgoing(0, 2) == nil)
    }

    @Test
    func goesOnOfferingToOthersIfItIsNotAsked() {
        let bench = SenderBench(peers: 2, limit: 0)
        bench.report(0, limit: 1)
        _ = bench.offer("a")
        bench.sender.beginDrain(now: bench.now)
        bench.collect()
        let refusal = Refusal(number: 1, reason: .draining)
        #expect(bench.report(0, refused: [refusal]).returned.isEmpty)
        #expect(bench.report(1, limit: 1).sends == [Send(peer: 1, number: 1)])
    }
}
