import LinkSimulator
import Links
import Testing

/// Senders that are gone, and those that never were.
struct StrangerTests {
    private func status(_ bench: ReceiverBench, _ session: UInt64) -> SessionStatus? {
        bench.receiver.sessionStatus.first { $0.session == session }
    }

    /// A sender that has heard a report, and says so.
    private func prove(_ bench: ReceiverBench, _ session: UInt64) {
        let heard = bench.hello(session).last?.number ?? 0
        bench.hello(session, heard: heard)
    }

    @Test
    func keepsFewPlacesForThoseWhoOnlySayHello() {
        let bench = ReceiverBench(room: 10)
        prove(bench, 1)
        for session in 1000..<UInt64(3000) { bench.hello(session) }
        #expect(bench.receiver.sessionStatus.count <= 65)
        #expect(bench.room(1) == 10, "strangers take no room from it")
        #expect(bench.receiver.totals.strangersForgotten >= 1900)
        for session in 3000..<UInt64(3003) { bench.hello(session) }
        #expect(bench.take(3002, 1) != nil, "the newest has a place, and room for one")
    }

    @Test
    func forgetsAStrangerAfterTenSecondsAndNobodyElse() {
        let bench = ReceiverBench()
        prove(bench, 1)
        bench.hello(2)
        #expect(bench.take(2, 1) != nil)
        bench.hello(3)
        _ = bench.pass(9)
        #expect(bench.receiver.sessionStatus.count == 3)
        _ = bench.pass(2)
        #expect(bench.receiver.sessionStatus.map(\.session) == [1, 2])
    }

    @Test
    func takesNoReportThatWasNeverSentForAProof() {
        let bench = ReceiverBench()
        bench.hello(1)
        bench.hello(1, heard: 1 << 60)
        _ = bench.pass(11)
        #expect(bench.receiver.sessionStatus.isEmpty)
    }

    @Test
    func hasASessionOpenedAgainAfterItWasForgottenForOthers() {
        let bench = ReceiverBench()
        bench.hello(1)
        for session in 1000..<UInt64(1100) { bench.hello(session) }
        #expect(status(bench, 1) == nil)
        let answer = bench.hello(1).last
        #expect(answer?.isOpen == true)
        #expect(answer?.limit == 1)
    }

    @Test
    func opensNoSessionAgainThatItsSenderKnowsToBeOpen() {
        let bench = ReceiverBench()
        let opened = bench.hello(1).last?.number ?? 0
        for session in 1000..<UInt64(1100) { bench.hello(session) }
        #expect(bench.hello(1, heard: opened).map(\.isOpen) == [false], "messages may be on their way to it")
        #expect(status(bench, 1) == nil)
    }

    @Test
    func opensAnotherSocketToASenderThatDoesNotHearThatItsSessionIsForgotten() {
        let bench = ReceiverBench()
        var replaced = 0
        for number in 1...8 as ClosedRange<UInt64> {
            bench.receiver.receive(
                Hello(session: 1, receiver: 100, number: number, ackAddress: "a", last: 4, open: [1...4], heard: 3),
                now: bench.now)
            while let outgoing = bench.receiver.nextReport(now: bench.now) {
                replaced += outgoing.replacesSocket ? 1 : 0
            }
            _ = bench.pass(1)
        }
        #expect(replaced == 2)
    }

    @Test
    func boundsAllSessionsAndForgetsTheLongestSilentFirst() {
        let bench = ReceiverBench()
        bench.receiver = LinkReceiver(instance: 100, limits: LinkLimits(sessions: 4, strangers: 4))
        for session in 1...4 as ClosedRange<UInt64> {
            prove(bench, session)
            bench.now += .milliseconds(10)
        }
        _ = bench.take(1, 1)
        prove(bench, 5)
        #expect(status(bench, 5) == nil, "all four live")
        #expect(bench.receiver.totals.refusedSessions > 0)
        _ = bench.pass(3.5)
        prove(bench, 5)
        #expect(bench.receiver.sessionStatus.map(\.session).sorted() == [1, 3, 4, 5], "of the first something is held")
    }

    @Test
    func tellsNothingMoreToWhomItCannotReach() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        bench.hello(1, last: 1, open: [1...1])
        let early = bench.receiver.letGo("acks-1")
        #expect(!early, "it has just said hello")
        _ = bench.pass(11)
        let late = bench.receiver.letGo("acks-1")
        #expect(late)
        #expect(bench.pass(20).isEmpty)
        bench.receiver.finish(ticket)
        #expect(bench.pass(20).isEmpty)
        #expect(bench.receiver.sessionStatus.count == 1, "its sender does not know what is done")
        #expect(bench.hello(1, last: 1, open: [1...1]).last?.done == [1...1])
        #expect(bench.pass(2).count == 2, "it is told again each second")
    }

    @Test
    func forgetsWhomItCannotReachOnceNothingIsUnsaid() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        bench.receiver.finish(ticket)
        bench.hello(1, last: 1)
        _ = bench.pass(9.5)
        let isSilent = bench.receiver.letGo("acks-1")
        #expect(isSilent && bench.receiver.sessionStatus.count == 1)
        _ = bench.pass(1)
        #expect(bench.receiver.sessionStatus.isEmpty)
    }

    @Test
    func answersAHelloThatCountsOnRoomNobodyGave() {
        let bench = ReceiverBench(room: 3, sessions: 1)
        let answer = bench.hello(1, last: 1000, open: [1...1000]).last
        #expect(answer?.isOpen == false, "so its sender begins another session")
    }

    @Test
    func watchesOnlyAFewThatAskWhoIsThere() {
        let bench = ReceiverBench()
        for _ in 0..<6 {
            for session in 1...200 as ClosedRange<UInt64> { bench.hello(session, to: 0) }
            _ = bench.pass(1)
        }
        #expect(bench.receiver.unheardAddresses.count == 64)
    }
}
