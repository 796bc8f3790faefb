import Links
import Loop
import Messages
import Queue
import Status
import Testing
import Wire

@testable import Stage

/// Links between processes that do not belong together.
@PipelineActor
struct WrongWiringTests {
    private let folder: SocketFolder
    private let ingest = wiring("ingest", seeking: "dispatch", with: "dispatch")
    private let dispatch = wiring("dispatch", with: "ingest")

    init() throws { folder = try SocketFolder() }

    @Test(.timeLimit(.minutes(1)))
    func sendsNothingToAnotherPipelineAndSaysSoAtBothEnds() async throws {
        let receiver = try ReceivingEnd(folder["a"], wiring: wiring("dispatch", of: "other", with: "ingest"))
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]], wiring: ingest)
        link.send(1...1)
        try await wait { !link.problems.isEmpty && receiver.incoming?.problems.isEmpty == false }
        #expect(
            link.problems == [
                WiringProblem(
                    "the process at \(folder["a"]) is a dispatch of pipeline other, not of pipeline default; "
                        + "this ingest of pipeline default sends it nothing", isBlocking: true)
            ])
        #expect(
            receiver.links?.problems == [
                WiringProblem(
                    "a sender with reports to \(folder["acks"]) is an ingest of pipeline default, not of pipeline "
                        + "other; this dispatch of pipeline other takes nothing from it", isBlocking: false)
            ])
        #expect(sender.links.peers.map(\.state) == ["refused"])
        #expect(!link.hasLivePeer)
        #expect(receiver.received.isEmpty)
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysOnceThatAPeerIsOfAnotherStageAndOnceThatThatIsOver() async throws {
        let wrong = try ReceivingEnd(folder["a"], wiring: wiring("retry", with: "ingest"))
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]], wiring: ingest)
        link.send(1...1)
        let (begins, ends) = ("A connection is wrong", "A connection is wrong no longer")
        try await wait { sender.log(begins).count == 1 && wrong.log(begins).count == 1 }
        #expect(
            sender.log(begins).first?["problem"]?.contains("is a retry of pipeline default, not a dispatch") == true)
        #expect(
            wrong.log(begins).first?["problem"]?.contains("is an ingest of pipeline default that looks for a dispatch")
                == true)
        wrong.vanish()
        let right = try ReceivingEnd(folder["a"], wiring: dispatch)
        try await wait { sender.done == [1] }
        #expect(link.problems == [])
        #expect(wrong.received.isEmpty)
        try await wait { sender.log(ends).count == 1 }
        #expect(sender.log(begins).count == 1)
        #expect(sender.log(ends).first?["problem"] == sender.log(begins).first?["problem"])
        await right.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func isHeldUpByNoWrongPeerBesideARightOne() async throws {
        let wrong = try ReceivingEnd(folder["a"], wiring: wiring("emit", with: "dispatch"))
        let right = try ReceivingEnd(folder["b"], wiring: dispatch)
        let (sender, link) = try SendingEnd.start(
            acks: folder["acks"], to: [folder["a"], folder["b"]], wiring: ingest)
        link.send(1...50)
        try await wait { sender.done.count == 50 && !link.problems.isEmpty }
        #expect(link.problems.map(\.isBlocking) == [false])
        #expect(right.received.count == 50 && wrong.received.isEmpty)
        #expect(sender.links.peers.map(\.state).sorted() == ["alive", "refused"])
        await wrong.end()
        await right.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func believesAnEarlierReleaseThatSaysNothingOfItself() async throws {
        let receiver = try ReceivingEnd(folder["a"], wiring: nil)
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]], wiring: ingest)
        link.send(1...3)
        try await wait { sender.done.count == 3 }
        #expect(link.problems == [])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func namesWhoSaysHelloWhereReportsArrive() async throws {
        let victim = try SendingEnd(acks: folder["acks"])
        _ = victim.link("ingest-dispatch", to: [folder["nobody"]], wiring: ingest)
        victim.start()
        let (lost, link) = try SendingEnd.start(
            acks: folder["acks2"], to: [folder["acks"]], wiring: wiring("retry", seeking: "emit", with: "emit"))
        let text = "a retry of pipeline default says hello at \(folder["acks"]), where this process takes reports"
        try await wait { victim.links.problems.contains(WiringProblem(text, isBlocking: false)) }
        try await wait { victim.log("A connection is wrong").contains { $0["problem"] == text } }
        #expect(!link.hasLivePeer)
        await lost.end()
        try await wait { victim.links.problems == [] }
        await victim.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func namesWhoSendsReportsForOthersToAPort() async throws {
        let receiver = try ReceivingEnd(folder["a"], wiring: dispatch)
        let (sender, _) = try SendingEnd.start(acks: folder["acks"], to: [folder["nobody"]], wiring: ingest)
        let emit = Introduction(pipeline: "p", stage: "emit", release: "1", version: Frame.version)
        let report = Report(session: 5, receiver: 1, number: 1, answers: 1, isOpen: true, from: emit)
        let (toPort, toAcks) = (try Stranger(at: folder["a"]), try Stranger(at: folder["acks"]))
        try await toPort.send(report.encoded())
        try await wait { receiver.incoming?.problems.isEmpty == false }
        #expect(
            receiver.links?.problems == [
                WiringProblem(
                    "an emit of pipeline p sends reports for another process to the port of ingest-dispatch",
                    isBlocking: false)
            ])
        try await toAcks.send(report.encoded())
        try await wait { !sender.links.problems.isEmpty }
        #expect(
            sender.links.problems.map(\.text) == [
                "an emit of pipeline p sends reports for another process at \(folder["acks"]), where this process "
                    + "takes reports"
            ])
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysAtBothEndsThatReportsDoNotArrive() async throws {
        let receiver = try ReceivingEnd(folder["a"], wiring: dispatch)
        let (sender, link) = try SendingEnd.start(
            acks: folder["acks"], to: [folder["a"]], advertise: folder["nobody"], wiring: ingest)
        #expect(link.problems == [] && receiver.incoming?.problems == [])
        try await wait { !link.problems.isEmpty && receiver.incoming?.problems.isEmpty == false }
        #expect(
            link.problems == [
                WiringProblem(
                    "the process at \(folder["a"]) is connected, and its reports do not arrive at \(folder["nobody"])",
                    isBlocking: true)
            ])
        #expect(
            receiver.incoming?.problems == [
                WiringProblem(
                    "an ingest of pipeline default does not hear the reports that it wants at \(folder["nobody"]): is "
                        + "that address its own?", isBlocking: false)
            ])
        let deaf = "A peer is connected but does not report; the address for reports may not be this process's"
        let unheard = "Reports do not reach a sender; is the address it asks for its own, and reachable from here?"
        try await wait { !sender.log(deaf).isEmpty && !receiver.log(unheard).isEmpty }
        // Two more looks of each end, which find nothing new.
        let begun = EventLoop.currentTime
        try await wait { EventLoop.currentTime - begun > .milliseconds(2200) }
        #expect(sender.log(deaf).map { $0["acks"] } == [folder["nobody"]])
        #expect(receiver.log(unheard).map { $0["acks"] } == [folder["nobody"]])
        #expect(sender.links.peers.map(\.state).allSatisfy { $0 == "silent" || $0 == "lost" })
        await receiver.end()
        await sender.end()
    }
}
