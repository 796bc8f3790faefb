import Attempts
import LinkSimulator
import Links
import Messages
import Wire

extension Benchmark {
    /// What a hop from one stage to the next costs, sockets left out.
    static let links: [Benchmark] = [
        Benchmark("wire.encode-request", "a request's envelope to a frame") {
            Samples.request
        } body: { envelope in
            blackHole(try MessageFrame.encode(envelope, session: 7, number: 12_345, losses: 0))
        },
        Benchmark("wire.decode-request", "a frame to a request's envelope") {
            try MessageFrame.encode(Samples.request, session: 7, number: 12_345, losses: 0)
        } body: { bytes in
            blackHole(try Frame(decoding: bytes))
        },
        Benchmark("wire.encode-outcome", "an outcome's envelope, with the answer, to a frame") {
            Samples.outcome
        } body: { envelope in
            blackHole(try MessageFrame.encode(envelope, session: 7, number: 12_345, losses: 0))
        },
        Benchmark("wire.decode-outcome", "a frame to an outcome's envelope") {
            try MessageFrame.encode(Samples.outcome, session: 7, number: 12_345, losses: 0)
        } body: { bytes in
            blackHole(try Frame(decoding: bytes))
        },
        Benchmark("wire.encode-report", "a report, with three ranges done, to a frame") {
            Samples.report
        } body: { report in
            blackHole(try report.encoded())
        },
        Benchmark("wire.decode-report", "a frame to a report, with three ranges done") {
            try Samples.report.encoded()
        } body: { bytes in
            blackHole(try Frame(decoding: bytes))
        },
        Benchmark("links.one", "a message alone: offered, sent, taken, finished, reported, done") {
            Hop()
        } body: { hop in
            hop.carry(1)
        },
        Benchmark("links.batch", "the same for one message of 64 in a turn", batch: 64, count: 16_000) {
            Hop()
        } body: { hop in
            hop.carry(64)
        },
    ]
}

extension Samples {
    static let report = Report(
        session: 7, receiver: 9, number: 1234, answers: 56, isOpen: true, limit: 13_000,
        done: [1...12_000, 12_005...12_009, 12_011...12_040])
}

/// A sender and a receiver with a session between them.
struct Hop {
    private var sender = MessageSender<Envelope>(ackAddress: "acks", seed: 1)
    private var receiver = LinkReceiver(instance: 9)
    /// Moves on by as much as a turn of the loop may take, so that heartbeats count as they do in a stage.
    private var now = Duration.zero
    private var tickets: [LinkReceiver.Ticket] = []

    private static let room = 1024

    /// Opens the session and gives it room.
    init() {
        sender.resolve(["peer"], now: now)
        for _ in 0..<4 { turn() }
        precondition(sender.room > 0, "no session")
    }

    /// One turn at each end: `count` messages go over, are finished, and are reported as done.
    mutating func carry(_ count: Int) {
        for _ in 0..<count { sender.offer(Samples.request, bytes: 900, now: now) }
        turn()
    }

    private mutating func turn() {
        now += .microseconds(200)
        sender.tick(now: now)
        while let action = sender.nextAction() { perform(action) }
        for ticket in tickets where receiver.start(ticket) { receiver.finish(ticket) }
        tickets.removeAll(keepingCapacity: true)
        receiver.setRoom(Self.room)
        receiver.tick(now: now)
        while let outgoing = receiver.nextReport(now: now) { sender.receive(outgoing.report, now: now) }
        while let action = sender.nextAction() { perform(action) }
    }

    private mutating func perform(_ action: MessageSender<Envelope>.Action) {
        switch action {
        case .hello(_, let hello): receiver.receive(hello, now: now)
        case .message(let peer, let number):
            guard let outgoing = sender.outgoing(to: peer, number: number) else { return }
            blackHole(outgoing)
            sender.markTransmitted(to: peer, number: number)
            if case .take(let ticket) = receiver.take(session: outgoing.session, number: number) {
                tickets.append(ticket)
            }
        case .done(let envelope): blackHole(envelope)
        case .openPeer, .closePeer, .replaceSocket, .refused, .deadLetter, .returned: break
        }
    }
}
