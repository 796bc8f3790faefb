import LinkBench
import Links
import Loop
import Messages
import PipelineMetrics
import Status
import TestServers
import Testing
import Wire
import ZeroMQ

@testable import Stage

/// Links over real sockets within one process; what frames and faults do to the protocol is the simulator's to show.
@PipelineActor
struct LinkTests {
    @Test(.timeLimit(.minutes(1)))
    func bringsMessagesAndTheirDoneBack() async throws {
        let pair = try await LinkPair.start()
        for number in 0..<500 { pair.send(number) }
        try await pair.wait { pair.done.count == 500 }
        #expect(pair.received.map(\.id) == (0..<500).map { "\($0)" })
        #expect(pair.received.first?.payload == Bytes("payload 0".utf8))
        #expect(Set(pair.done) == Set(0..<500))
        #expect(pair.outgoing.isIdle)
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysOfWhatMayBeElsewhereThatAHolderWasLostAndCountsNone() async throws {
        let pair = try await LinkPair.start()
        var isDoubtful = true
        pair.outgoing.mayBeRepeated = { _ in isDoubtful }
        pair.send(0)
        try await pair.wait { pair.done.count == 1 }
        isDoubtful = false
        pair.send(1)
        try await pair.wait { pair.done.count == 2 }
        #expect(pair.received.map(\.losses) == [1, 0])
        #expect(pair.outgoing.totals.deadLetters == 0)
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func sendsNoMoreThanTheReceiverWants() async throws {
        let pair = try await LinkPair.start(room: 5, finishes: false)
        for number in 0..<50 { pair.send(number) }
        try await pair.wait { pair.received.count >= 5 }
        try await Task.sleep(for: .milliseconds(300))
        #expect(pair.received.count <= 6)
        pair.finishesAtOnce = true
        pair.finishAll()
        try await pair.wait { pair.done.count == 50 }
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func ignoresAndCountsWhatStrangersSend() async throws {
        let pair = try await LinkPair.start()
        let stranger = try Context().makeSocket(.push, SocketOptions(highWaterMark: 100, maxFrame: 1 << 20))
        try stranger.connect(pair.bench.endpoint)
        let frames: [[UInt8]] = [
            [], [1], Array("GET / HTTP/1.1\r\n\r\n".utf8), [1, 1, 255, 255, 255, 255], [9, 9, 0, 0, 0, 0],
        ]
        for frame in frames {
            while try !stranger.send(frame) { try await Task.sleep(for: .milliseconds(5)) }
        }
        for number in 0..<10 { pair.send(number) }
        try await pair.wait { pair.done.count == 10 && pair.droppedFrames == frames.count }
        #expect(pair.received.count == 10)
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsFewSocketsForStrangersWhoAreNotThere() async throws {
        let pair = try await LinkPair.start()
        let stranger = try Context().makeSocket(.push, SocketOptions(highWaterMark: 1000, maxFrame: 1 << 20))
        try stranger.connect(pair.bench.endpoint)
        for number in 1...400 as ClosedRange<UInt64> {
            let hello = Hello(session: number, receiver: 0, number: 1, ackAddress: "ipc:///tmp/ap-nobody-\(number)")
            let frame = try hello.encoded()
            while try !stranger.send(frame) { try await Task.sleep(for: .milliseconds(5)) }
        }
        try await pair.wait { pair.reporterCount > 40 }
        for number in 0..<50 { pair.send(number) }
        try await pair.wait { pair.done.count == 50 }
        #expect(pair.reporterCount <= StrangerPlaces.most + 1)
        try await pair.wait { pair.reporterCount == 1 }
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func reportsToAnAddressThatIsAName() async throws {
        let port = try freePort()
        let bench = try LinkBench(
            "ingest-dispatch", acks: "tcp://127.0.0.1:\(port)", advertise: "tcp://localhost:\(port)")
        let pair = try await LinkPair.start(on: bench)
        pair.send(1)
        try await pair.wait { pair.done == [1] }
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWhatDoesNotFitIntoAFrameAndSendsTheRest() async throws {
        let pair = try await LinkPair.start()
        let long = String(repeating: "x", count: 17 << 20)
        pair.outgoing.send(Envelope(id: "large", queue: "q", receipt: Receipt("r"), url: long), from: .lease(1))
        pair.outgoing.send(Envelope(id: "hopeless", queue: "q", receipt: Receipt(long)), from: .lease(2))
        pair.send(3)
        try await pair.wait { pair.done.count == 3 }
        #expect(pair.received.map(\.id).sorted() == ["3", "large"])
        guard
            case .ended(.result(.failure(.inferenceError, _))) = pair.received.first(where: { $0.id == "large" })?
                .progress
        else {
            Issue.record("it did not end")
            return
        }
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func carriesAMessageOfManyMegabytes() async throws {
        let pair = try await LinkPair.start()
        let payload = Bytes([UInt8](repeating: 7, count: 20_000_000))
        pair.outgoing.send(Envelope(id: "large", queue: "q", receipt: Receipt("r"), payload: payload), from: .lease(1))
        try await pair.wait { pair.done == [1] }
        #expect(pair.received.first?.payload == payload)
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhoIsThere() async throws {
        let pair = try await LinkPair.start()
        pair.send(1)
        try await pair.wait { pair.done.count == 1 }
        #expect(pair.outgoing.hasLivePeer)
        #expect(pair.outgoing.peerStatus.map(\.address) == [pair.bench.endpoint])
        #expect(pair.bench.senderLinks.linksWithoutPeer == [])
        #expect(pair.bench.senderLinks.peers.map(\.state) == ["alive"])
        #expect(pair.bench.receiverLinks?.peers.map(\.link) == ["ingest-dispatch"])
        await pair.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesForSentOnlyWhatASocketHasTaken() async throws {
        let pair = try await LinkPair.start(finishes: false)
        pair.send(0)
        try await pair.wait { pair.received.count == 1 }
        pair.killReceiver()
        try await pair.wait { !pair.outgoing.isConnected(to: pair.bench.endpoint) }
        #expect(pair.outgoing.room > 0, "the peer is not known to be gone")
        for number in 1...3 { pair.send(number) }
        // Turns in which they must not be taken for sent.
        try await Task.sleep(for: .milliseconds(50))
        pair.outgoing.beginDrain(returningUnsent: true)
        var unsent: [Origin] = []
        try await pair.wait {
            unsent += pair.outgoing.takeUnsent()
            return unsent.count == 3
        }
        #expect(unsent == [.lease(1), .lease(2), .lease(3)])
        #expect(pair.outgoing.openCount == 1, "the receiver may have worked on the first")
        await pair.end()
    }
}

/// A link with a stage at its end that finishes what it gets.
@PipelineActor
private final class LinkPair {
    let bench: LinkBench
    private var incoming: IncomingLink?
    private let room: Int
    private(set) var received: [Envelope] = []
    private var open: [IncomingLink.Ticket] = []
    var finishesAtOnce: Bool

    static func start(room: Int = 64, finishes: Bool = true) async throws -> LinkPair {
        try await start(on: LinkBench("ingest-dispatch"), room: room, finishes: finishes)
    }

    static func start(on bench: LinkBench, room: Int = 64, finishes: Bool = true) async throws -> LinkPair {
        let pair = LinkPair(bench, room: room, finishes: finishes)
        try pair.listen()
        try await pair.bench.waitForPeer()
        return pair
    }

    private init(_ bench: LinkBench, room: Int, finishes: Bool) {
        self.bench = bench
        self.room = room
        finishesAtOnce = finishes
    }

    func listen() throws {
        let incoming = try bench.listen()
        self.incoming = incoming
        incoming.wantedRoom = { [weak self] in self.map { $0.room - $0.open.count } ?? 0 }
        incoming.onMessage = { [weak self] in self?.arrived($0, $1) }
    }

    /// The receiving process is gone, with whatever it held.
    func killReceiver() {
        incoming = nil
        open = []
        bench.dropReceiver()
    }

    var outgoing: OutgoingLink { bench.outgoing }
    var reporterCount: Int { incoming?.reporterCount ?? 0 }
    var done: [UInt64] { bench.done }

    func send(_ number: Int) {
        bench.send(
            Envelope(id: "\(number)", queue: "q", receipt: Receipt("r"), payload: Bytes("payload \(number)".utf8)),
            token: UInt64(number))
    }

    func finishAll() {
        for ticket in open { incoming?.finish(ticket) }
        open = []
    }

    var droppedFrames: Int {
        bench.receiverLinks?.updateMetrics()
        var text: [UInt8] = []
        bench.registry.emit(into: &text)
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("async_processor_link_dropped_frames_total{")
        }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }

    func wait(until condition: () -> Bool) async throws { try await bench.wait(until: condition) }

    func end() async { await bench.end() }

    private func arrived(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        guard incoming?.start(ticket) == true else { return }
        received.append(envelope)
        if finishesAtOnce { incoming?.finish(ticket) } else { open.append(ticket) }
    }
}
