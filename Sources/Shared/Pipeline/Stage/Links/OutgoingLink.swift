import DequeModule
package import Links
import Logging
package import Loop
package import Messages
import PipelineMetrics
import Primitives
package import Queue
import Tap
import Wire
import ZeroMQ

/// The sockets of one outgoing link: a PUSH socket per downstream process.
///
/// The state machine `LinkSender` decides; this class carries frames. The link is responsible for a message until the
/// other end has acknowledged it, whatever happens to peers meanwhile; then `onDone` is called with the message's
/// origin.
@PipelineActor
package final class OutgoingLink {
    private struct Peer {
        let endpoint: NumericEndpoint
        /// `nil` while the system has no more sockets: tried again once a second.
        var connection: Connection?
        /// Frames not yet handed to libzmq, in order: messages by number, and at most one hello.
        var waiting = Deque<Waiting>()
    }

    private enum Waiting {
        case message(UInt64)
        case hello(Hello)
    }

    /// Both ends, such as `ingest-dispatch`.
    package let name: String
    /// A message is finished for good.
    package var onDone: (Origin) -> Void = { _ in }
    /// The same, for a message sent with a share: before `onDone`.
    package var onShareEnd: (QueueShares.Share) -> Void = { _ in }
    /// There is room, perhaps more than before, or for other queues.
    package var onRoom: () -> Void = {}

    /// The tap for copies of sent messages.
    let tap: Tap?
    private let ackAddress: String
    private let context: Context
    private let metrics: LinkMetrics
    private let logger: Logger
    private(set) var sender: LinkSender
    /// The messages that the sender holds, by slot.
    private(set) var parcels: [Parcel?] = []
    /// By index; the sender uses an index again after `closePeer`.
    private var peers: [Peer?] = []
    private var returned: [Origin] = []
    private var handedBack = HandedBack()
    private var lastRoom = 0
    private var lastPoolReports: UInt64 = 0
    /// The sender's totals that the metrics already include.
    private var counted = SenderTotals()
    private var unreporting = UnreportingPeers()
    /// Since when messages have waited for room.
    private var waitingSince: Duration?
    private var news = PeerNews()
    private let wiring: LinkWiring?
    private var complaints = Complaints()
    /// For the tap, if it has a subscriber: the message whose frame was made last.
    private var copy: TapCopy?
    private var troubles = SendingTroubles()

    init(
        name: String, context: Context, ackAddress: String, maxDeliveries: Int, largeFrom: Int, wiring: LinkWiring?,
        metrics: LinkMetrics, logger: Logger, tap: Tap?
    ) {
        self.name = name
        self.tap = tap
        self.ackAddress = ackAddress
        self.context = context
        self.metrics = metrics
        self.logger = logger
        self.wiring = wiring
        sender = LinkSender(
            ackAddress: ackAddress, maxLosses: maxDeliveries, seed: .random(in: 0 ... .max), largeFrom: largeFrom,
            wiring: wiring)
    }

    /// How many more messages the peers take now.
    package var room: Int { sender.room }
    package var isIdle: Bool { sender.isIdle }
    package var openCount: Int { sender.openCount }
    package var openBytes: Int { sender.openBytes }
    package var hasLivePeer: Bool { sender.hasLivePeer }
    package var totals: SenderTotals { sender.totals }
    package var peerStatus: [PeerStatus] { sender.peerStatus(now: EventLoop.shared.now) }
    /// What peers say is wrong behind them.
    package var conditions: [Condition] { sender.conditionsOfPeers }
    /// Messages that wait because no peer can settle their store.
    package var unsettleableCount: Int { sender.unsettleable.reduce(0) { $0 + $1.count } }

    /// Current problems with the processes that answer.
    package var problems: [WiringProblem] { wrongPeers + deafness }

    /// Processes that do not belong there, and messages that no process there can settle.
    private var wrongPeers: [WiringProblem] {
        let misfits = peerStatus.compactMap { peer in
            peer.misfit.flatMap { wiring?.misfit($0, at: peer.address) }
        }
        let foreign = sender.unsettleable.map { messages in
            "\(messages.count) messages on \(name) wait: none of \(addressList.joined(separator: ", ")) settles in "
                + "\(StoreIdentity(number: messages.store))"
        }
        return misfits.map { WiringProblem($0, isBlocking: !sender.hasLivePeer) }
            + foreign.map { WiringProblem($0, isBlocking: sender.isRefusedByAll) }
    }

    /// Peers whose reports do not come.
    private var deafness: [WiringProblem] {
        unreporting.known.map { address in
            WiringProblem(
                "the process at \(address) is connected, and its reports do not arrive at \(ackAddress)",
                isBlocking: !sender.hasLivePeer)
        }
    }

    private var addressList: [String] { peers.compactMap { $0?.endpoint.description }.sorted() }

    /// Accepts an envelope and is responsible for it.
    ///
    /// Never fails: without room it waits here, so check `room` first. An envelope that is too large for a link ends as
    /// a result that says so.
    ///
    /// - Parameter lane: the lane of its queue, if the stage divides its room among queues.
    /// - Returns: the share of that room that it takes until `onShareEnd` says that it is done; `nil` without a lane.
    @discardableResult
    package func send(_ envelope: Envelope, from origin: Origin, lane: Int? = nil) -> QueueShares.Share? {
        guard let carried = envelope.carried() else {
            giveUp(Parcel(envelope: envelope, origin: origin, share: nil))
            return nil
        }
        let size = carried.frameSizeLimit
        let share = lane.map { QueueShares.Share(lane: $0, bytes: size) }
        offer(Parcel(envelope: carried, origin: origin, share: share), bytes: size, losses: carried.losses)
        return share
    }

    /// No message about this request fits into a frame, not even its end: its lease must expire.
    private func giveUp(_ parcel: Parcel) {
        troubles.unsendable.note("\(parcel.envelope.queue): receipt of \(parcel.envelope.receipt.bytes.count) bytes")
        ended(parcel)
    }

    /// The message cannot be written as a frame: it ends with a result that says so.
    private func withdraw(_ number: UInt64, from index: Int, _ error: WireError) {
        guard let slot = sender.withdraw(number, at: index) else { return }
        var parcel = take(slot)
        if case .ended = parcel.envelope.progress { return giveUp(parcel) }
        parcel.envelope.endUncarried("the message cannot be sent: \(error)")
        guard let carried = parcel.envelope.carried() else { return giveUp(parcel) }
        parcel.envelope = carried
        offer(parcel, bytes: carried.frameSizeLimit, losses: carried.losses)
    }

    /// Whether peers have handed back messages of a lane, and have not taken them since: they have no room for more.
    package func hasHandedBack(lane: Int) -> Bool { handedBack.has(lane: lane) }

    private func ended(_ parcel: Parcel) {
        if let share = parcel.share {
            handedBack.remove(parcel.origin, share)
            onShareEnd(share)
        }
        onDone(parcel.origin)
    }

    /// Whether another process may hold the message of this origin too; asked just before it is encoded.
    package var mayBeRepeated: (Origin) -> Bool = { _ in false }

    private func offer(_ parcel: Parcel, bytes: Int, losses: Int) {
        let store = parcel.envelope.store
        let slot = Int(sender.offer(bytes: bytes, losses: losses, store: store, now: EventLoop.shared.now))
        if slot < parcels.count { parcels[slot] = parcel } else { parcels.append(parcel) }
    }

    /// Takes out a message that the sender has ended.
    private func take(_ slot: Int32) -> Parcel {
        guard let parcel = parcels[Int(slot)].take() else { preconditionFailure("a message ended twice") }
        sender.recycle(slot)
        return parcel
    }

    /// Says to the peers that this process drains.
    ///
    /// - Parameter returningUnsent: Messages that no peer takes are given back by `takeUnsent` instead of offered
    ///   again.
    package func beginDrain(returningUnsent: Bool = false) {
        sender.beginDrain(returningUnsent: returningUnsent, now: EventLoop.shared.now)
    }

    /// Messages given back while draining; the link has forgotten them.
    package func takeUnsent() -> [Origin] {
        defer { returned = [] }
        return returned
    }

    /// Sends the last hello to each peer; nothing is sent afterwards.
    func leave() {
        sender.leave()
        perform()
        flush()
    }

    func resolve(_ addresses: [String]) { sender.resolve(addresses, now: EventLoop.shared.now) }
    func hasSession(_ session: UInt64) -> Bool { sender.hasSession(session) }

    /// Whether reports of such a process may be for this link.
    func mayHear(from other: Introduction) -> Bool { wiring?.fits(other) != false }
    func receive(_ report: Report) { sender.receive(report, now: EventLoop.shared.now) }

    /// One turn of the event loop: after the reports were received.
    func turn() {
        sender.tick(now: EventLoop.shared.now)
        perform()
        flush()
        measureWaiting()
        let hasPoolNews = sender.poolReports != lastPoolReports
        lastPoolReports = sender.poolReports
        guard sender.room > 0, sender.room != lastRoom || hasPoolNews else { return lastRoom = sender.room }
        onRoom()
        // Messages that the stage has sent from that call leave in this turn, too.
        perform()
        flush()
        lastRoom = sender.room
    }

    /// Back-pressure: the time during which messages wait because no peer has room.
    private func measureWaiting() {
        let now = EventLoop.shared.now
        if let since = waitingSince { metrics.waitingSeconds.add((now - since) / .seconds(1)) }
        waitingSince = sender.room == 0 && sender.unsentCount > 0 ? now : nil
    }

    /// Brings the counters up to date; done every two seconds, and for `/status`.
    func updateMetrics() {
        let totals = sender.totals
        metrics.count(totals, since: counted)
        counted = totals
        let status = peerStatus
        metrics.open.set(sender.openCount)
        metrics.room.set(sender.room)
        metrics.peers.set(status.count(where: \.isLive))
        metrics.unsettleable.set(unsettleableCount)
        metrics.oldestOpenSeconds.set((status.compactMap(\.oldestOpen).max() ?? .zero) / .seconds(1))
    }

    private func perform() {
        while let step = sender.nextStep() {
            switch step {
            case .openPeer(let index, let address): open(index, address)
            case .closePeer(let index): peers[index] = nil
            case .replaceSocket(let index):
                peers[index]?.waiting.removeAll()
                connect(index)
            case .hello(let index, let hello): enqueue(hello, to: index)
            case .message(let index, let number): peers[index]?.waiting.append(.message(number))
            case .done(let slot): ended(take(slot))
            case .refused(let slot):
                if let parcel = parcels[Int(slot)] { handedBack.insert(parcel.origin, parcel.share) }
            case .returned(let slot): returned.append(take(slot).origin)
            case .deadLetter(let slot, let reason): bury(take(slot), reason)
            }
        }
    }

    private func open(_ index: Int, _ address: String) {
        while peers.count <= index { peers.append(nil) }
        peers[index] = NumericEndpoint(address).map { Peer(endpoint: $0) }
        connect(index)
    }

    /// Opens a peer's socket, in place of the one before.
    private func connect(_ index: Int) {
        guard let endpoint = peers[index]?.endpoint else { return }
        peers[index]?.connection = nil
        do {
            peers[index]?.connection = try Connection.connect(context, to: endpoint)
        } catch {
            troubles.connecting.note("\(error)")
        }
    }

    /// Only the newest hello matters, and it stays behind the messages.
    private func enqueue(_ hello: Hello, to index: Int) {
        guard peers[index] != nil else { return }
        peers[index]?.waiting.removeAll { if case .hello = $0 { true } else { false } }
        peers[index]?.waiting.append(.hello(hello))
    }

    /// This request must not be offered to any peer any more: a dead letter is sent on instead.
    private func bury(_ parcel: Parcel, _ reason: DeadLetterReason) {
        var parcel = parcel
        logger.error(
            "A request becomes a dead letter",
            metadata: [
                "request.id": "\(parcel.envelope.id)", "queue": "\(parcel.envelope.queue)", "reason": "\(reason.text)",
            ])
        parcel.envelope.end(.deadLetter(reason: reason.text))
        offer(parcel, bytes: parcel.envelope.frameSizeLimit, losses: 0)
    }

    private func flush() {
        for index in peers.indices where peers[index]?.waiting.isEmpty == false { flush(index) }
    }

    /// Once a second: logs when peers come and go, and when one is connected but cannot reach this process.
    func checkPeers() {
        let peerStatus = peerStatus
        news.say(peerStatus, hasPeer: sender.hasLivePeer, on: name, logger)
        let silent = peerStatus.filter { !$0.hasAnswered }.map(\.address)
        for address in unreporting.note(silent, now: EventLoop.shared.now, isConnected: isConnected) {
            logger.warning(
                "A peer is connected but does not report; the address for reports may not be this process's",
                metadata: ["link": "\(name)", "peer": "\(address)", "acks": "\(ackAddress)"])
        }
        for index in peers.indices where peers[index] != nil && peers[index]?.connection == nil { connect(index) }
        complaints.say(wrongPeers, logger, ["link": "\(name)"])
        troubles.say(on: name, at: EventLoop.shared.now, logger)
    }

    /// Whether a frame to this address could leave now.
    func isConnected(to address: String) -> Bool {
        for peer in peers where peer?.endpoint.description == address {
            return (try? peer?.connection?.isConnected()) == true
        }
        return false
    }

    /// Sends the frames that wait for a peer, as far as its socket takes them.
    ///
    /// The socket is asked first, so nothing is encoded for a peer that is not connected.
    private func flush(_ index: Int) {
        do {
            guard try peers[index]?.connection?.isConnected() == true else { return }
            while let next = peers[index]?.waiting.first {
                if let frame = frame(for: next, to: index) {
                    guard try peers[index]?.connection?.send(frame) == true else { return }
                    if case .message(let number) = next { sender.markTransmitted(number, to: index) }
                    if let copy = copy.take() { tap?.publish(copy) }
                }
                peers[index]?.waiting.removeFirst()
            }
        } catch {
            troubles.sending.note("\(error)")
        }
    }

    /// `nil` if there is nothing to send (any more): a message that cannot be written does not block the rest.
    private func frame(for waiting: Waiting, to index: Int) -> [UInt8]? {
        copy = nil
        do {
            switch waiting {
            case .hello(let hello): return try hello.encoded()
            case .message(let number):
                guard let found = sender.find(number, at: index), let parcel = parcels[Int(found.slot)] else {
                    return nil
                }
                let losses = losses(of: parcel, counted: found.losses)
                if let time = tap?.moment {
                    copy = tapCopy(of: parcel, losses, to: index, (found.session, number), at: time)
                }
                return try MessageFrame.encode(
                    parcel.envelope, session: found.session, number: number, losses: losses)
            }
        } catch {
            copy = nil
            if case .message(let number) = waiting { withdraw(number, from: index, error) }
            return nil
        }
    }

    /// The value sent as `losses`: at least 1 if another process may hold this message too.
    ///
    /// For that other process, this process was the one that was lost. A sink then checks before it publishes. It is
    /// not counted as a loss here.
    private func losses(of parcel: Parcel, counted: Int) -> Int {
        counted == 0 && mayBeRepeated(parcel.origin) ? 1 : counted
    }

    private func tapCopy(
        of parcel: Parcel, _ losses: Int, to index: Int, _ place: (session: UInt64, number: UInt64), at time: WallClock
    ) -> TapCopy {
        var envelope = parcel.envelope
        envelope.losses = losses
        return TapCopy(
            envelope, .output, link: name, peer: peers[index]?.endpoint.description,
            place: .init(session: place.session, number: place.number), time: time)
    }
}
