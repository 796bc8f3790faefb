import Foundation
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Status
import Testing
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
        let stranger = try Context().makeSocket(.push, SocketOptions(highWaterMark: 100, maximumFrame: 1 << 20))
        try stranger.connect(pair.endpoint)
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
    func carriesAMessageOfManyMegabytes() async throws {
        let pair = try await LinkPair.start()
        let payload = Bytes([UInt8](repeating: 7, count: 20_000_000))
        pair.outgoing.send(Envelope(id: "large", queue: "q", receipt: Receipt("r"), payload: payload), token: 1)
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
        #expect(pair.outgoing.peerStatus.map(\.address) == [pair.endpoint])
        #expect(pair.senderLinks.linksWithoutPeer == [])
        #expect(pair.senderLinks.peers.map(\.state) == ["alive"])
        #expect(pair.receiverLinks.peers.map(\.link) == ["ingest-dispatch"])
        await pair.end()
    }
}

/// A sending and a receiving end, connected over ipc, with a stage that finishes what it gets.
@PipelineActor
private final class LinkPair {
    let senderLinks: StageLinks
    let receiverLinks: StageLinks
    let outgoing: OutgoingLink<Int>
    let endpoint: String
    private let incoming: IncomingLink
    private let registry = MetricsRegistry()
    private let resolving: Task<Void, Never>
    private let folder: URL
    private(set) var received: [Envelope] = []
    private var open: [IncomingLink.Ticket] = []
    private(set) var done: [Int] = []
    var finishesAtOnce: Bool

    static func start(room: Int = 64, finishes: Bool = true) async throws -> LinkPair {
        let pair = try LinkPair(room: room, finishes: finishes)
        try await pair.wait { pair.outgoing.hasLivePeer }
        return pair
    }

    private init(room: Int, finishes: Bool) throws {
        var logger = Logger(label: "links")
        logger.logLevel = .critical
        folder = URL(filePath: "/tmp/ap-links-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        endpoint = "ipc://\(folder.path)/dispatch"
        finishesAtOnce = finishes
        senderLinks = try StageLinks(registry: MetricsRegistry(), logger: logger)
        receiverLinks = try StageLinks(registry: registry, logger: logger)
        try senderLinks.bindAcks("ipc://\(folder.path)/acks", advertise: nil)
        outgoing = senderLinks.outgoing("ingest-dispatch", to: [endpoint], maxDeliveries: 5, token: Int.self)
        incoming = try receiverLinks.incoming("ingest-dispatch", listen: endpoint)
        resolving = Task { [senderLinks] in _ = await senderLinks.resolve() }
        incoming.wantedRoom = { [unowned self] in room - open.count }
        incoming.onMessage = { [unowned self] in arrived($0, $1) }
        outgoing.onDone = { [unowned self] in done.append($0) }
        senderLinks.start()
        receiverLinks.start()
    }

    func send(_ number: Int) {
        outgoing.send(
            Envelope(id: "\(number)", queue: "q", receipt: Receipt("r"), payload: Bytes("payload \(number)".utf8)),
            token: number)
    }

    func finishAll() {
        for ticket in open { incoming.finish(ticket) }
        open = []
    }

    var droppedFrames: Int {
        receiverLinks.updateMetrics()
        var text: [UInt8] = []
        registry.emit(into: &text)
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("async_processor_link_dropped_frames_total{")
        }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }

    func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    func end() async {
        resolving.cancel()
        await senderLinks.leave()
        await receiverLinks.leave()
        try? FileManager.default.removeItem(at: folder)
    }

    private func arrived(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        guard incoming.start(ticket) else { return }
        received.append(envelope)
        if finishesAtOnce { incoming.finish(ticket) } else { open.append(ticket) }
    }
}
