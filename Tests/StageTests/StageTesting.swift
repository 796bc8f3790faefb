import Foundation
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Synchronization
import Testing
import Wire
import ZeroMQ

@testable import Stage

/// Asks every two milliseconds, and gives up after a time in which it would have happened on any machine.
@PipelineActor
func wait(
    within limit: Duration = .seconds(45), sourceLocation: SourceLocation = #_sourceLocation,
    until condition: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        try #require(ContinuousClock.now < end, "it has not happened within \(limit)", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A folder for the sockets of one test.
final class SocketFolder: Sendable {
    private let folder = "/tmp/ap-stage-\(UInt32.random(in: 0 ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    subscript(name: String) -> String { "ipc://\(folder)/\(name)" }
}

/// Keeps what is logged.
final class LogLines: LogHandler {
    struct Line: Sendable {
        let message: String
        let metadata: [String: String]

        subscript(name: String) -> String? { metadata[name] }
    }

    private let lines = Mutex<[Line]>([])

    /// All lines with one of these messages; without any, all lines.
    func callAsFunction(_ messages: String...) -> [Line] {
        lines.withLock { $0.filter { messages.isEmpty || messages.contains($0.message) } }
    }

    /// How often it has happened according to lines with this message.
    func count(_ message: String) -> Int { self(message).reduce(0) { $0 + ($1["count"].flatMap { Int($0) } ?? 0) } }

    var logger: Logger { Logger(label: "test") { _ in self } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).mapValues { "\($0)" }
        lines.withLock { $0.append(Line(message: "\(event.message)", metadata: metadata)) }
    }
}

/// A process that sends, as far as its links go.
@PipelineActor
final class SendingEnd {
    let links: StageLinks
    let log = LogLines()
    let registry = MetricsRegistry()
    /// Tokens of what is done, in order.
    private(set) var done: [UInt64] = []
    /// The same, and each end of a share, as `share LANE` and `done TOKEN`.
    private(set) var events: [String] = []
    private var resolving: Task<Void, Never>?

    init(acks: String, advertise: String? = nil) throws {
        links = try StageLinks(registry: registry, logger: log.logger)
        try links.bindAcks(acks, advertise: advertise)
    }

    isolated deinit { resolving?.cancel() }

    /// A sender with one link, which has begun.
    static func start(
        acks: String, to endpoints: [String], advertise: String? = nil, maxDeliveries: Int = 5, largeFrom: Int = .max,
        wiring: LinkWiring? = nil
    ) throws -> (SendingEnd, OutgoingLink) {
        let sender = try SendingEnd(acks: acks, advertise: advertise)
        let link = sender.link(
            "ingest-dispatch", to: endpoints, maxDeliveries: maxDeliveries, largeFrom: largeFrom, wiring: wiring)
        sender.start()
        return (sender, link)
    }

    func link(
        _ name: String, to endpoints: [String], maxDeliveries: Int = 5, largeFrom: Int = .max,
        wiring: LinkWiring? = nil
    ) -> OutgoingLink {
        let link = links.outgoing(
            name, to: endpoints, maxDeliveries: maxDeliveries, largeFrom: largeFrom, wiring: wiring)
        link.onShareEnd = { [weak self] in self?.events.append("share \($0.lane)") }
        link.onDone = { [weak self] origin in
            guard case .lease(let token) = origin else { return }
            self?.done.append(token)
            self?.events.append("done \(token)")
        }
        return link
    }

    func start() {
        links.start()
        resolving = Task { [links] in _ = await links.resolve() }
    }

    func end() async {
        resolving?.cancel()
        await links.leave()
    }
}

/// A process that receives, as far as its link goes, and deals with each message as the test says.
@PipelineActor
final class ReceivingEnd {
    enum Deed {
        case finish, keep, handBack
        /// It waits before its stage begins with it.
        case queue
        case refuse(RefusalReason)
    }

    let log = LogLines()
    let registry = MetricsRegistry()
    private(set) var links: StageLinks?
    private(set) var incoming: IncomingLink?
    private(set) var received: [Envelope] = []
    /// What it keeps or has queued.
    private(set) var held: [IncomingLink.Ticket] = []
    /// Messages it has place for.
    var room: Int
    var deed: (Envelope) -> Deed

    init(
        _ endpoint: String, _ name: String = "ingest-dispatch", room: Int = 64, wiring: LinkWiring? = nil,
        deed: @escaping (Envelope) -> Deed = { _ in .finish }
    ) throws {
        self.room = room
        self.deed = deed
        let links = try StageLinks(registry: registry, logger: log.logger)
        let incoming = try links.incoming(name, listen: endpoint, wiring: wiring)
        self.links = links
        self.incoming = incoming
        incoming.wantedRoom = { [weak self] in self.map { $0.room - $0.held.count } ?? 0 }
        incoming.onMessage = { [weak self] in self?.arrived($0, $1) }
        links.start()
    }

    var ids: [String] { received.map(\.id) }

    func finishHeld() {
        for ticket in held { incoming?.finish(ticket) }
        held = []
    }

    /// The process dies, with whatever it held.
    func vanish() {
        incoming = nil
        links = nil
        held = []
    }

    func end() async { await links?.leave() }

    private func arrived(_ envelope: Envelope, _ ticket: IncomingLink.Ticket) {
        received.append(envelope)
        let deed = deed(envelope)
        if case .queue = deed { return held.append(ticket) }
        guard incoming?.start(ticket) == true else { return }
        switch deed {
        case .finish: incoming?.finish(ticket)
        case .keep: held.append(ticket)
        case .handBack: incoming?.handBack(ticket)
        case .refuse(let reason): incoming?.refuse(ticket, reason)
        case .queue: break
        }
    }
}

/// Somebody who writes frames to a port as he likes.
@PipelineActor
final class Stranger {
    private let socket: Socket

    init(at endpoint: String) throws {
        socket = try Context().makeSocket(.push, SocketOptions(highWaterMark: 1000, maxFrame: 1 << 20))
        try socket.connect(endpoint)
    }

    func send(_ frame: [UInt8]) async throws { try await wait { try socket.send(frame) } }
}

/// What a process of a stage says of itself, and whom it wants at the other end.
func wiring(_ stage: String, of pipeline: String = "default", seeking: String = "", with others: String...)
    -> LinkWiring
{
    let own = Introduction(
        pipeline: pipeline, stage: stage, release: "1.0", version: Frame.version, seeks: seeking)
    return LinkWiring(own: own, stages: others)
}

func request(_ id: Int, losses: Int = 0, store: UInt64 = 0, bytes: Int = 8) -> Envelope {
    Envelope(
        id: "\(id)", queue: "q", receipt: Receipt("r"), losses: losses, store: store,
        payload: Bytes([UInt8](repeating: 7, count: bytes)))
}

extension OutgoingLink {
    /// Sends requests with these numbers, from leases of the same.
    func send(_ numbers: ClosedRange<Int>, lane: Int? = nil) {
        for number in numbers { send(request(number), from: .lease(UInt64(number)), lane: lane) }
    }
}
