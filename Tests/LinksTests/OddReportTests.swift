import LinkSimulator
import Testing

@testable import Links

/// Reports no receiver writes cost what they are about, and only until the next hello is answered.
struct OddReportTests {
    private func odd(
        _ bench: SenderBench, number: UInt64, answers: UInt64? = nil, limit: UInt64 = 5, done: NumberRanges = []
    )
        -> [MessageSender<String>.Action]
    {
        guard let hello = bench.hellos[0] else { return [] }
        bench.sender.receive(
            Report(
                session: hello.session, receiver: 100, number: number, answers: answers ?? hello.number, isOpen: true,
                limit: limit, done: done), now: bench.now)
        return bench.collect()
    }

    @Test(arguments: [.max, 1 << 62, 1_000_000, 103] as [UInt64])
    func hearsThePeerAgainWithItsNextAnswerWhateverNumberItNamed(number: UInt64) {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        _ = odd(bench, number: number, limit: 0)
        #expect(bench.sender.room == 0)
        _ = bench.pass(1)
        #expect(bench.report(0, limit: 5, done: [1...1]).done == ["a"])
        #expect(bench.sender.room == 4)
    }

    @Test
    func losesNoPeerThatReportsWithLowerNumbersThanItOnceNamed() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let answered = bench.hellos[0]?.number ?? 0
        _ = odd(bench, number: 1 << 40, limit: 0)
        var replaced: [Int] = []
        for number in 100..<UInt64(120) where replaced.isEmpty {
            // No hello arrives, so none is answered.
            _ = odd(bench, number: number, answers: answered)
            replaced = bench.pass(0.25).replacedSockets
        }
        #expect(replaced == [0], "reports come, so the way there is looked after")
        #expect(bench.sender.totals.lostPeers == 0)
    }

    @Test
    func believesNoAnswerToAHelloThatWasNotSent() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        #expect(odd(bench, number: 50, answers: .max, limit: 0, done: [1...1]).done.isEmpty)
        #expect(bench.sender.room == 4)
        #expect(bench.report(0, limit: 5, done: [1...1]).done == ["a"])
    }

    @Test
    func believesNothingOfWhatHasNotLeftTheProcess() {
        let bench = SenderBench(peers: 1, limit: 5)
        bench.sender.offer("a", bytes: 1, now: bench.now)
        _ = bench.sender.actions()  // The shell has it, and no socket has taken it.
        #expect(bench.report(0, limit: 5, done: [1...1], refused: []).done.isEmpty)
        _ = bench.report(0, limit: 5, refused: [Refusal(number: 1, reason: .undecodable)])
        #expect(bench.sender.totals.refused == 0)
        bench.sender.markTransmitted(to: 0, number: 1)
        #expect(bench.report(0, limit: 5, done: [1...1]).done == ["a"])
    }

    @Test
    func namesTheReportThatOpensTheSessionAtOnce() {
        let bench = SenderBench(peers: 1, limit: 5)
        #expect(bench.hellos[0]?.number == 3)
        #expect(bench.hellos[0]?.heard == 2)
    }

    @Test
    func takesBackWhatCannotBeSent() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a", "b")
        let taken = (bench.sender.withdraw(from: 0, number: 1), bench.sender.withdraw(from: 0, number: 1))
        #expect(taken == ("a", nil))
        #expect(bench.sender.openCount == 1)
        _ = bench.pass(1)
        #expect(bench.hellos[0]?.open == [2...2])
    }

    /// A 300 s request beside 20,000 a second: what is told and asked each second goes by what is open.
    @Test
    func costsWhatIsOpenBesideAnOldMessage() {
        let bench = SenderBench(peers: 1, limit: 1 << 20)
        let receiver = ReceiverBench(room: 1 << 20, sessions: 1)
        _ = bench.offer("old")
        _ = receiver.take(1, 1)
        for number in 2...400_001 as ClosedRange<UInt64> {
            bench.sender.offer("x", bytes: 1, now: bench.now)
            _ = bench.collect()
            if let ticket = receiver.take(1, number) { receiver.receiver.finish(ticket) }
            if number % 1000 == 0 { bench.report(0, limit: 1 << 20, done: [max(2, number - 999)...number]) }
        }
        bench.report(0, limit: 1 << 20, done: [2...400_001])
        _ = bench.pass(1)
        #expect(bench.hellos[0]?.open == [1...1])
        #expect(bench.sender.base.peers[0].map { $0.window.entryCount <= 66 } == true)
        #expect(receiver.hello(1, last: 400_001, open: [1...1]).last?.done == [2...400_001])
        #expect(receiver.receiver.sessions[0].map { $0.window.entryCount <= 66 } == true)
    }
}
