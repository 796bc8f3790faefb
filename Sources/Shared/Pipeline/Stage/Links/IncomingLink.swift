package import Links
import Logging
package import Loop
package import Messages
import PipelineMetrics
import Primitives
import Tap
import Wire
import ZeroMQ

/// The sockets of one incoming link: a PULL socket that every sender connects to, and a PUSH socket for reports to
/// each of them.
///
/// The state machine `LinkReceiver` decides; this class carries frames. The stage that gets a message calls `start`
/// when it begins to process it, and `finish` when the next stage has acknowledged its outcome.
@PipelineActor
package final class IncomingLink {
    package typealias Ticket = LinkReceiver.Ticket

    package let name: String
    /// A message has arrived.
    ///
    /// The stage is responsible for it until it calls `finish` or `refuse`.
    package var onMessage: (Envelope, Ticket) -> Void = { _, _ in }
    /// How many more messages the stage wants now, besides those it has; asked once per turn.
    package var wantedRoom: () -> Int = { 0 }

    /// The tap for copies of arriving messages.
    private let tap: Tap?
    private let connection: Connection
    private let metrics: LinkMetrics
    private let logger: Logger
    private var receiver: LinkReceiver
    private let reporters: Reporters
    private var unheard: Set<String> = []
    /// Senders that reports do not reach, and frames that could not be read.
    private var unheardLine = RareLine()
    private var undecodableLine = RareLine()
    private var refusedLine = RareLine()
    private var receiveLine = RareLine()
    /// The receiver's totals that the metrics already include.
    private var counted = ReceiverTotals()
    /// Frames that arrive here and are for other processes.
    private var strays = StrayFrames()
    private var complaints = Complaints()

    /// Frames taken in one turn, so that reports and timers are never far away.
    private static let framesPerTurn = 256

    init(
        name: String, context: Context, listen: String, book: AddressBook, wiring: LinkWiring?, metrics: LinkMetrics,
        logger: Logger,
        tap: Tap?
    ) throws(ZeroMQError) {
        self.name = name
        self.tap = tap
        reporters = Reporters(context: context, book: book)
        self.metrics = metrics
        self.logger = logger
        connection = try Connection.bind(context, to: listen)
        receiver = LinkReceiver(instance: UInt64.random(in: 1 ... .max), wiring: wiring)
    }

    package var totals: ReceiverTotals { receiver.totals }
    package var unfinishedCount: Int { receiver.unfinishedCount }
    /// Sockets to senders.
    var reporterCount: Int { reporters.count }
    package var sessionStatus: [SessionStatus] { receiver.sessionStatus }
    /// Current problems with the senders that send hellos here; they block no other sender.
    package var problems: [WiringProblem] { misplaced + deafness }
    private var misplaced: [WiringProblem] {
        receiver.misfits.map { WiringProblem($0, isBlocking: false) } + strays.problems(at: EventLoop.shared.now)
    }
    private var deafness: [WiringProblem] {
        receiver.unheardSenders.map { WiringProblem($0, isBlocking: false) }
    }
    /// Whether a draining stage may leave: it holds nothing, and no sender needs it.
    package var canLeave: Bool { receiver.canLeave(now: EventLoop.shared.now) }

    /// Begins to process a message.
    ///
    /// - Returns: `false` if it has been cancelled: then the stage forgets it.
    package func start(_ ticket: Ticket) -> Bool { receiver.start(ticket) }

    /// The next stage has acknowledged everything that resulted from the message.
    package func finish(_ ticket: Ticket) { receiver.finish(ticket) }

    /// The next stage has acknowledged the outcome of a message that came from here.
    package func finish(_ origin: Origin) {
        if case .message(let ticket) = origin { receiver.finish(ticket) }
    }

    /// Whether its sender may have given it to another peer meanwhile: its outcome here may be a repetition.
    package func mayBeElsewhere(_ ticket: Ticket) -> Bool {
        receiver.mayBeElsewhere(ticket, now: EventLoop.currentTime)
    }

    /// The same for a message that came from here.
    package func mayBeElsewhere(_ origin: Origin) -> Bool {
        if case .message(let ticket) = origin { mayBeElsewhere(ticket) } else { false }
    }

    /// Whether the sender of a message drains.
    package func isSenderDraining(_ ticket: Ticket) -> Bool { receiver.isSenderDraining(ticket) }

    /// Gives a message back that this process cannot process.
    package func refuse(_ ticket: Ticket, _ reason: RefusalReason) { receiver.refuse(ticket, reason) }

    /// Gives a message back because its queue's share of room is used up here: its sender offers it again, first to
    /// other peers, then with growing back-off.
    package func handBack(_ ticket: Ticket) { receiver.refuse(ticket, .unsettleable) }

    /// Gives back messages that have not been started; takes new ones only from senders that drain as well.
    package func beginDrain() { receiver.beginDrain(now: EventLoop.shared.now) }

    /// Tells all senders what is not as it should be behind this process; empty: nothing.
    package func tell(_ conditions: [Condition]) { receiver.setConditions(conditions) }

    /// Tells all senders how the pools behind this process are.
    package func tell(pools: [PoolNote]) { receiver.setPools(pools, now: EventLoop.shared.now) }

    /// The least base of each pool that senders have heard of.
    package var leastBases: [PoolNote] { receiver.leastBases }

    /// The first half of a turn: takes the frames that have arrived.
    ///
    /// - Returns: whether there may be more.
    func receive() -> Bool {
        do {
            for _ in 0..<Self.framesPerTurn {
                guard let frame = try connection.receive() else { return false }
                handle(frame)
            }
        } catch {
            receiveLine.note("\(error)")
            return false
        }
        return true
    }

    /// The second half of a turn: reports changes.
    ///
    /// - Returns: when the next turn is due because a change has not been reported yet.
    @discardableResult
    func report() -> Duration? {
        let now = EventLoop.shared.now
        receiver.setRoom(max(0, wantedRoom()))
        receiver.tick(now: now)
        while let outgoing = receiver.nextReport(now: now) { reporters.send(outgoing, now: now) }
        reporters.flush(now: now)
        return receiver.hasUnreported ? LinkTiming.settling : nil
    }

    /// Brings the counters up to date; done every two seconds, and for `/status`.
    func updateMetrics() {
        let totals = receiver.totals
        metrics.count(totals, since: counted)
        counted = totals
        let status = receiver.sessionStatus
        metrics.open.set(receiver.unfinishedCount)
        metrics.room.set(status.reduce(0) { $0 + $1.room })
        metrics.peers.set(status.count(where: \.isLive))
    }

    /// Sends the last report to every sender.
    func leave() {
        receiver.leave()
        report()
    }

    /// Once a second: closes sockets to senders that are gone, and logs problems.
    func check() {
        let now = EventLoop.shared.now
        reporters.check(proven: receiver.ackAddresses, now: now) { receiver.letGo($0) }
        let silent = Set(receiver.unheardAddresses)
        for address in silent.subtracting(unheard) { unheardLine.note(address) }
        unheard = silent
        let totals = receiver.totals
        if totals.refusedSessions > counted.refusedSessions { refusedLine.note() }
        say(now)
    }

    /// Events that other processes can cause at any rate are logged at a limited rate, with their number.
    private func say(_ now: Duration) {
        if let line = unheardLine.due(at: now) {
            warn(
                "Reports do not reach a sender; is the address it asks for its own, and reachable from here?", line,
                "acks")
        }
        if let line = undecodableLine.due(at: now) { warn("Frames could not be read and were dropped", line, "error") }
        if let line = receiveLine.due(at: now) { warn("Cannot receive", line, "error") }
        if let line = refusedLine.due(at: now) {
            warn("There are too many senders; new ones are not listened to", line, "error")
        }
        let lines = reporters.due(at: now)
        if let line = lines.refused { warn("Cannot connect to a sender's address for reports", line, "acks") }
        if let line = lines.crowded {
            warn("More senders ask who is here than are answered at once; each asks again", line, "acks")
        }
        complaints.say(misplaced, logger, ["link": "\(name)"])
    }

    private func warn(_ message: Logger.Message, _ line: (count: Int, example: String), _ field: String) {
        var metadata: Logger.Metadata = ["link": "\(name)", "count": "\(line.count)"]
        if !line.example.isEmpty { metadata[field] = "\(line.example)" }
        logger.warning(message, metadata: metadata)
    }

    private func handle(_ frame: [UInt8]) {
        do {
            switch try Frame(decoding: frame) {
            case .hello(let hello): receiver.receive(hello, now: EventLoop.shared.now)
            case .message(let message):
                guard let ticket = take(message.session, message.number) else { return }
                if let time = tap?.moment { publish(message, ticket, at: time) }
                onMessage(message.envelope, ticket)
            case .unreadable(let session, let number, let error):
                drop("\(error)")
                if let ticket = take(session, number) { receiver.refuse(ticket, .undecodable) }
            case .report(let report):
                if let from = report.from {
                    strays.note(
                        "\(from.text) sends reports for another process to the port of \(name)",
                        at: EventLoop.shared.now)
                }
                drop("a report at a port for messages")
            }
        } catch {
            drop("\(error)")
        }
    }

    private func publish(_ message: MessageFrame, _ ticket: Ticket, at time: WallClock) {
        tap?.publish(
            TapCopy(
                message.envelope, .input, link: name, peer: receiver.ackAddress(of: ticket),
                place: .init(session: message.session, number: message.number), time: time))
    }

    private func take(_ session: UInt64, _ number: UInt64) -> Ticket? {
        guard case .take(let ticket) = receiver.take(session: session, number: number) else { return nil }
        return ticket
    }

    private func drop(_ reason: @autoclosure () -> String) {
        undecodableLine.note(reason())
        metrics.dropped.increment()
    }
}
