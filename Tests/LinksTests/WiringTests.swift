import LinkSimulator
import Links
import Testing

/// Who may be at the other end of a link, and what is said of whoever may not.
struct WiringTests {
    static func process(_ stage: String, pipeline: String = "default", version: UInt8 = 1) -> Introduction {
        Introduction(pipeline: pipeline, stage: stage, release: "0.1.0", version: version)
    }

    static let ofIngest = LinkWiring(own: process("ingest"), stages: ["dispatch"])
    static let ofDispatch = LinkWiring(own: process("dispatch"), stages: ["ingest"])

    private let wrong = [
        process("retry"), process("ingest"), process("dispatch", pipeline: "other"), process("dispatch", version: 2),
        process(""),
    ]

    @Test
    func namesBothSidesInWhatItSays() {
        #expect(
            Self.ofIngest.misfit(Self.process("retry"), at: "tcp://h:1")
                == "the process at tcp://h:1 is a retry of pipeline default, not a dispatch; "
                + "this ingest of pipeline default sends it nothing")
        #expect(
            Self.ofDispatch.misfit(Self.process("emit", pipeline: "b"), reportingTo: "tcp://h:2")
                == "a sender with reports to tcp://h:2 is an emit of pipeline b, not an ingest of pipeline default; "
                + "this dispatch of pipeline default takes nothing from it")
        #expect(
            Self.ofIngest.misfit(Self.process("dispatch", pipeline: "b"), at: "a").contains(
                "is a dispatch of pipeline b, not of pipeline default"))
        #expect(
            Self.ofIngest.misfit(Self.process("dispatch", version: 2), at: "a").contains(
                "in release 0.1.0 that speaks version 2 of the links' protocol, not 1"))
        #expect(Self.ofIngest.misfit(Self.process(""), at: "a").contains("does not say what it is"))
    }

    // MARK: The sender

    private func answer(_ sender: inout MessageSender<String>, as process: Introduction?, _ number: UInt64 = 1)
        -> Hello?
    {
        var last: Hello?
        for action in sender.actions() { if case .hello(_, let hello) = action { last = hello } }
        guard let hello = last else { return nil }
        sender.receive(
            Report(
                session: hello.session, receiver: 7, number: number, answers: hello.number,
                isOpen: hello.receiver == 7, limit: 5, from: process),
            now: .zero)
        return hello
    }

    private func sender() -> MessageSender<String> {
        var sender = MessageSender<String>(ackAddress: "acks", seed: 1, wiring: Self.ofIngest)
        sender.resolve(["tcp://h:1"], now: .zero)
        return sender
    }

    @Test
    func sendsNothingToAProcessThatDoesNotBelongThere() {
        for process in wrong {
            var sender = sender()
            sender.offer("a", bytes: 1, now: .zero)
            #expect(answer(&sender, as: process)?.from == Self.ofIngest.own)
            #expect(answer(&sender, as: process, 2) == nil, "it must not bind")
            #expect(!sender.hasLivePeer)
            #expect(sender.peerStatus(now: .zero).map(\.misfit) == [process])
            #expect(sender.totals.sent == 0)
        }
    }

    @Test
    func sendsToTheRightProcessOnceItAnswersAtTheAddress() {
        var sender = sender()
        sender.offer("a", bytes: 1, now: .zero)
        _ = answer(&sender, as: Self.process("retry"))
        var now = Duration.zero
        for _ in 0..<5 {
            now += .milliseconds(250)
            sender.tick(now: now)
        }
        _ = answer(&sender, as: Self.process("dispatch"), 2)
        _ = answer(&sender, as: Self.process("dispatch"), 3)
        #expect(sender.hasLivePeer)
        #expect(sender.actions().sends == [Send(peer: 0, number: 1)])
        #expect(sender.peerStatus(now: now).map(\.misfit) == [nil])
    }

    @Test
    func takesAPeerOfAnEarlierReleaseAsItWas() {
        var sender = sender()
        sender.offer("a", bytes: 1, now: .zero)
        _ = answer(&sender, as: nil)
        _ = answer(&sender, as: nil, 2)
        #expect(sender.actions().sends == [Send(peer: 0, number: 1)])
    }

    @Test
    func takesBackWhatItSentWhenAWrongProcessTakesTheAddress() {
        var sender = sender()
        sender.offer("a", bytes: 1, now: .zero)
        _ = answer(&sender, as: Self.process("dispatch"))
        guard let hello = answer(&sender, as: Self.process("dispatch"), 2) else {
            Issue.record("not bound")
            return
        }
        sender.receive(
            Report(
                session: hello.session, receiver: 8, number: 1, answers: hello.number, isOpen: false,
                from: Self.process("emit")), now: .zero)
        #expect(!sender.hasLivePeer)
        #expect(sender.unsentCount == 1)
        #expect(sender.peerStatus(now: .zero).map(\.misfit) == [Self.process("emit")])
    }

    // MARK: The receiver

    private func hello(_ number: UInt64, from: Introduction?, to receiver: UInt64 = 100) -> Hello {
        Hello(session: 1, receiver: receiver, number: number, ackAddress: "tcp://h:2", from: from)
    }

    @Test
    func opensNoSessionForASenderThatDoesNotBelongHere() {
        for process in [Self.process("retry"), Self.process("ingest", pipeline: "b"), Self.process("dispatch")] {
            var receiver = LinkReceiver(instance: 100, wiring: Self.ofDispatch)
            receiver.setRoom(5)
            receiver.receive(hello(1, from: process), now: .zero)
            let reports = receiver.allReports(.zero)
            #expect(reports.map(\.isOpen) == [false])
            #expect(reports.map(\.from) == [Self.ofDispatch.own])
            #expect(receiver.take(session: 1, number: 1) == .unknownSession)
            #expect(receiver.misfits == [Self.ofDispatch.misfit(process, reportingTo: "tcp://h:2")])
        }
    }

    @Test
    func opensNoSessionForASenderThatLooksForAnotherStage() {
        let ofEmit = LinkWiring(own: Self.process("emit"), stages: ["dispatch", "retry"])
        for (seeks, isOpen) in [("retry", false), ("emit", true)] {
            var receiver = LinkReceiver(instance: 100, wiring: ofEmit)
            var from = Self.process("dispatch")
            from.seeks = seeks
            receiver.receive(hello(1, from: from), now: .zero)
            #expect(receiver.allReports(.zero).map(\.isOpen) == [isOpen])
            #expect(receiver.misfits.isEmpty == isOpen)
            if let said = receiver.misfits.first {
                #expect(said.contains("a dispatch of pipeline default that looks for a retry; this emit of"))
            }
        }
    }

    @Test
    func forgetsAStrangerThatSaysNoMore() {
        var receiver = LinkReceiver(instance: 100, wiring: Self.ofDispatch)
        receiver.receive(hello(1, from: Self.process("retry")), now: .zero)
        var now = Duration.zero
        for _ in 0..<13 {
            now += .milliseconds(250)
            receiver.tick(now: now)
        }
        #expect(receiver.misfits.isEmpty)
    }

    @Test
    func remembersNoMoreStrangersThanItNames() {
        var receiver = LinkReceiver(instance: 100, wiring: Self.ofDispatch)
        for number in 1...100 as ClosedRange<UInt64> {
            var stranger = hello(1, from: Self.process("retry"))
            stranger.session = number
            stranger.ackAddress = "tcp://h:\(number)"
            receiver.receive(stranger, now: .zero)
        }
        #expect(receiver.misfits.count == 16)
        #expect(receiver.allReports(.zero).count == 100, "each is told")
    }

    @Test
    func takesASenderOfItsOwnOrOfAnEarlierRelease() {
        for process in [nil, Self.process("ingest")] {
            var receiver = LinkReceiver(instance: 100, wiring: Self.ofDispatch)
            receiver.receive(hello(1, from: process), now: .zero)
            #expect(receiver.allReports(.zero).map(\.isOpen) == [true])
            #expect(receiver.misfits.isEmpty)
        }
    }
}
