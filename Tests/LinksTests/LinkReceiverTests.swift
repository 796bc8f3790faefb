import LinkSimulator
import Links
import Testing

/// A receiver with senders that are played by the test.
final class ReceiverBench {
    var receiver = LinkReceiver(instance: 100)
    var now: Duration = .zero
    var hellos: [UInt64: UInt64] = [:]

    init(room: Int = 10, sessions: UInt64...) {
        receiver.setRoom(room)
        for session in sessions { hello(session) }
    }

    @discardableResult
    func hello(
        _ session: UInt64, to instance: UInt64 = 100, last: UInt64 = 0, open: NumberRanges = [], heard: UInt64 = 0,
        isDraining: Bool = false, isLeaving: Bool = false, acks: String? = nil
    ) -> [Report] {
        hellos[session, default: 0] += 1
        receiver.receive(
            Hello(
                session: session, receiver: instance, number: hellos[session] ?? 0,
                ackAddress: acks ?? "acks-\(session)", last: last, open: open, heard: heard, isDraining: isDraining,
                isLeaving: isLeaving), now: now)
        return receiver.allReports(now)
    }

    func take(_ session: UInt64, _ number: UInt64) -> LinkReceiver.Ticket? {
        guard case .take(let ticket) = receiver.take(session: session, number: number) else { return nil }
        return ticket
    }

    func arrival(_ session: UInt64, _ number: UInt64) -> LinkReceiver.Arrival {
        receiver.take(session: session, number: number)
    }

    func start(_ ticket: LinkReceiver.Ticket) -> Bool { receiver.start(ticket) }

    /// What the sender of this session may send now.
    func room(_ session: UInt64) -> Int {
        for status in receiver.sessionStatus where status.session == session { return status.room }
        return 0
    }

    func reports() -> [Report] { receiver.allReports(now) }

    func pass(_ seconds: Double) -> [Report] {
        var reports: [Report] = []
        for _ in 0..<Int(seconds * 4) {
            now += .milliseconds(250)
            receiver.tick(now: now)
            reports += receiver.allReports(now)
        }
        return reports
    }
}

struct LinkReceiverTests {
    @Test
    func doubtsWhatItsSenderHasDoneWithoutOrMayHaveAfterAPause() throws {
        let bench = ReceiverBench(sessions: 1)
        let first = try #require(bench.take(1, 1))
        let second = try #require(bench.take(1, 2))
        #expect(bench.start(first) && bench.start(second))
        bench.hello(1, last: 2, open: [1...2])
        #expect(!bench.receiver.mayBeElsewhere(first, now: bench.now))
        bench.now += .seconds(1)
        #expect(!bench.receiver.mayBeElsewhere(first, now: bench.now))
        bench.now += .seconds(1)
        #expect(bench.receiver.mayBeElsewhere(first, now: bench.now))
        bench.hello(1, last: 2, open: [2...2])
        #expect(bench.receiver.mayBeElsewhere(first, now: bench.now))
        #expect(!bench.receiver.mayBeElsewhere(second, now: bench.now))
        bench.receiver.finish(second)
        #expect(bench.receiver.mayBeElsewhere(second, now: bench.now))
    }

    @Test
    func opensNoSessionForAHelloThatDoesNotNameIt() {
        let bench = ReceiverBench()
        let answers = bench.hello(1, to: 0) + bench.hello(1, to: 99)
        #expect(answers.map(\.isOpen) == [false, false])
        #expect(answers.map(\.receiver) == [100, 100])
        #expect(answers.map(\.answers) == [1, 2])
        #expect(bench.arrival(1, 1) == .unknownSession)
        #expect(bench.receiver.sessionStatus.isEmpty)
    }

    @Test
    func tellsASenderThatItsSessionIsForgotten() {
        let bench = ReceiverBench()
        let answers = bench.hello(1, last: 5, open: [5...5])
        #expect(answers.map(\.isOpen) == [false])
        #expect(bench.receiver.sessionStatus.isEmpty)
    }

    @Test
    func takesEachNumberOnceWhateverBecomesOfIt() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        #expect(bench.arrival(1, 1) == .duplicate)
        #expect(bench.start(ticket))
        #expect(bench.arrival(1, 1) == .duplicate)
        bench.receiver.finish(ticket)
        #expect(bench.arrival(1, 1) == .duplicate)
        #expect(bench.receiver.totals.duplicates == 3)
    }

    @Test
    func takesNoNumberItNeverGaveRoomFor() {
        let bench = ReceiverBench(room: 3, sessions: 1)
        #expect(bench.arrival(1, 4) == .unknownSession)
        #expect(bench.arrival(1, .max) == .unknownSession)
        #expect(bench.arrival(1, 0) == .unknownSession)
        #expect(bench.take(1, 3) != nil)
        #expect(
            bench.hello(1, last: .max).map(\.isOpen) == [false], "a hello with such a number is not for this session")
    }

    @Test
    func reportsTogetherWhatIsDoneWithinTwoMilliseconds() throws {
        let bench = ReceiverBench(sessions: 1)
        let tickets = (1...3).compactMap { bench.take(1, UInt64($0)) }
        try #require(tickets.count == 3)
        for ticket in tickets { #expect(bench.start(ticket)) }
        _ = bench.reports()
        #expect(!bench.receiver.hasUnreported)
        bench.receiver.finish(tickets[0])
        #expect(bench.receiver.hasUnreported)
        bench.now += LinkTiming.settling / 2
        #expect(bench.reports().isEmpty)
        bench.receiver.finish(tickets[1])
        bench.now += LinkTiming.settling / 2
        #expect(bench.reports().map(\.done) == [[1...2]], "counted from the first")
        #expect(!bench.receiver.hasUnreported)
    }

    @Test
    func reportsWhatIsDoneAsRangesAndOnlyWhenItIs() throws {
        let bench = ReceiverBench(sessions: 1)
        let tickets = (1...4).compactMap { bench.take(1, UInt64($0)) }
        try #require(tickets.count == 4)
        for ticket in tickets { #expect(bench.start(ticket)) }
        bench.receiver.finish(tickets[0])
        bench.receiver.finish(tickets[2])
        bench.now += LinkTiming.settling
        #expect(bench.reports().last?.done == [1...1, 3...3])
        bench.receiver.finish(tickets[3])
        bench.now += LinkTiming.settling
        #expect(bench.reports().last?.done == [1...1, 4...4], "the news")
        #expect(bench.hello(1, last: 4, open: [2...4]).last?.done == [1...1, 3...4], "everything, in answer to hello")
        #expect(bench.pass(1).last?.done == [1...1, 3...4], "everything, each second")
    }

    @Test
    func saysNothingWithoutNews() {
        let bench = ReceiverBench(sessions: 1)
        #expect(bench.reports().isEmpty)
        #expect(bench.pass(1).count == 1)
    }

    @Test
    func namesWhatIsMissingInTheAnswerToHelloOnly() {
        let bench = ReceiverBench(sessions: 1)
        _ = bench.take(1, 1)
        _ = bench.take(1, 3)
        let answer = bench.hello(1, last: 5, open: [1...3, 5...5])
        #expect(answer.last?.missing == [2...2, 5...5])
        #expect(answer.last?.done == [4...4], "what hello does not call open is over")
        #expect(bench.pass(1).last?.missing.isEmpty == true)
        #expect(bench.arrival(1, 4) == .duplicate)
        #expect(bench.take(1, 2) != nil)
    }

    @Test
    func callsOffWhatWasSettledElsewhereUnlessItHasBegun() throws {
        let bench = ReceiverBench(sessions: 1)
        let first = try #require(bench.take(1, 1))
        let second = try #require(bench.take(1, 2))
        #expect(bench.start(first))
        bench.hello(1, last: 2)
        #expect(!bench.start(second))
        #expect(bench.receiver.unfinishedCount == 1)
        #expect(bench.receiver.totals.calledOff == 1)
    }

    @Test
    func ignoresAHelloThatWasOvertaken() {
        let bench = ReceiverBench(sessions: 1)
        _ = bench.take(1, 1)
        let late = Hello(session: 1, receiver: 100, number: 1, ackAddress: "acks-1")
        bench.hello(1, last: 1, open: [1...1])
        bench.receiver.receive(late, now: bench.now)
        #expect(bench.receiver.unfinishedCount == 1)
        #expect(bench.receiver.totals.staleHellos == 1)
    }

    @Test
    func repeatsARefusalUntilTheSenderConfirmsIt() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        bench.receiver.refuse(ticket, .undecodable)
        let refusal = [Refusal(number: 1, reason: .undecodable)]
        #expect(bench.reports().last?.refused == refusal)
        #expect(bench.hello(1, last: 1, open: [1...1]).last?.refused == refusal)
        let confirmed = bench.hello(1, last: 1).last
        #expect(confirmed?.refused == [])
        #expect(confirmed?.done == [1...1])
    }

    @Test
    func forgetsASilentSessionWhenAnotherFollowsItAtTheSameAddress() {
        let bench = ReceiverBench()
        bench.hello(1, acks: "same")
        _ = bench.pass(5)
        bench.hello(2, acks: "same")
        for _ in 0..<8 {
            _ = bench.pass(1)
            bench.hello(2, acks: "same")
        }
        #expect(bench.receiver.sessionStatus.map(\.session) == [2])
    }

    @Test
    func keepsASilentSessionThatItStillWorksFor() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        _ = bench.pass(700)
        #expect(bench.receiver.sessionStatus.count == 1)
        bench.receiver.finish(ticket)
        _ = bench.pass(1)
        #expect(bench.receiver.sessionStatus.isEmpty)
    }

    /// How often it wants another ack socket while a sender says hello for ten seconds and never names a report.
    private func replacements(greetingOnly: Bool) -> Int {
        let bench = ReceiverBench()
        var count = 0
        for number in 1...11 as ClosedRange<UInt64> {
            bench.receiver.receive(
                Hello(session: 1, receiver: greetingOnly ? 0 : 100, number: number, ackAddress: "a"), now: bench.now)
            while let outgoing = bench.receiver.nextReport(now: bench.now) {
                if outgoing.replacesSocket { count += 1 }
            }
            bench.now += .milliseconds(900)
            bench.receiver.tick(now: bench.now)
        }
        return count
    }

    @Test(arguments: [true, false])
    func asksForAnotherSocketToASenderThatDoesNotHearIt(greetingOnly: Bool) {
        #expect(replacements(greetingOnly: greetingOnly) == 2)
    }

    @Test
    func namesSendersThatDoNotHearIt() {
        let bench = ReceiverBench()
        for _ in 0..<3 {
            bench.hello(1, to: 0, acks: "tcp://127.0.0.1:5566")
            #expect(bench.receiver.unheardAddresses.isEmpty)
            _ = bench.pass(1)
        }
        bench.hello(1, to: 0, acks: "tcp://127.0.0.1:5566")
        #expect(bench.receiver.unheardAddresses == ["tcp://127.0.0.1:5566"])
        #expect(bench.receiver.unheardSenders.first?.hasPrefix("a sender does not hear the reports") == true)
        _ = bench.pass(4)
        #expect(bench.receiver.unheardAddresses.isEmpty, "it has gone")
    }
}
