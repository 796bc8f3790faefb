/// The sending end of a link: accepts messages, gives each to a peer with room, and keeps it until that peer has said
/// that it is done.
///
/// It does no I/O and has no clock. Its owner, the shell, translates:
///
/// - In: `resolve` every two seconds, `offer`, `receive` for each report, `tick` once per loop turn and at least every
///   `LinkTiming.tick`. Before `tick` the shell reads its ack socket dry, so that reports which wait there count.
/// - Out: after any of these, `nextAction` until it is `nil`, in order. Frames for one peer keep their order on the way
///   to its data socket. A message may wait in the shell's queue while the peer is not connected: the shell calls
///   `outgoing` when the socket can take it, skips it if that is `nil`, and calls `markTransmitted` when the socket has
///   taken it. Of several hellos waiting there only the last is needed, in its place.
/// - `now` is a monotonic clock; only steps count.
package struct LinkSender<Message> {
    /// What the shell does next.
    ///
    /// A peer is named by its index, which is used again after `closePeer`.
    package enum Action {
        /// Open a data socket to `address` for this peer.
        case openPeer(Int, address: String)
        /// Close the data socket, without lingering; what waits for it is void.
        case closePeer(Int)
        /// Close the data socket and open another to the same address; what waits for it is void.
        case replaceSocket(Int)
        /// Send this hello, behind everything already on its way to the peer.
        case hello(Int, Hello)
        /// Send this message: see `outgoing`.
        case message(Int, number: UInt64)
        /// The next stage has said done: the message is finished for good, and forgotten here.
        case done(Message)
        /// A peer could not deal with it or has no room for its like: it stays here and is offered again, to others first.
        case refused(Message)
        /// Nobody can be offered this any more. The owner offers a dead letter about it instead, with losses 0.
        case deadLetter(Message, DeadLetterReason)
        /// Not sent to anybody, and this process is leaving: the owner gives it back to where it came from.
        case returned(Message)
    }

    /// What the shell writes into a frame.
    package struct Outgoing {
        package let session: UInt64
        package let number: UInt64
        /// Processes lost while they held it; replaces the message's own count.
        package let losses: Int
        package let message: Message
    }

    /// Decides everything, and knows messages by their slots.
    ///
    /// Apart, so that little is generic: that part is compiled where it is used.
    @usableFromInline var core: SenderCore
    /// By slot.
    @usableFromInline var contents: [Message?] = []

    /// Makes a sender without peers.
    ///
    /// - Parameters:
    ///   - ackAddress: Where receivers connect to with their reports, a ZeroMQ endpoint.
    ///   - maxLosses: A message is a dead letter when more processes than this were lost while they held it.
    ///   - seed: 64 bits from the system's random source, fresh for every process and link: session numbers come
    ///     from it, and a session number must never come back.
    ///   - aloneFrom: From this many losses on a message travels alone.
    ///   - largeFrom: Messages of so many bytes and more let smaller ones pass, and a receiver holds few of them; only for
    ///     links where a message is open for as long as the receiver is busy with it.
    ///   - wiring: Who may be sent to; `nil`: whoever answers.
    package init(
        ackAddress: String, maxLosses: Int = 5, seed: UInt64, aloneFrom: Int = 2, largeFrom: Int = .max,
        wiring: LinkWiring? = nil
    ) {
        core = SenderCore(
            ackAddress: ackAddress, maxLosses: maxLosses, seed: seed, aloneFrom: aloneFrom, wiring: wiring)
        core.largeFrom = largeFrom
    }

    /// Accepts a message; it is this sender's until `done`, `deadLetter` or `returned` gives it back.
    ///
    /// - Parameters:
    ///   - bytes: Its size, for `openBytes`.
    ///   - losses: Processes lost while they held it before it came here.
    ///   - travelsAlone: Whether to treat it from the start like a message with two losses (a request whose lease
    ///     expired twice).
    ///   - store: The store its lease is in; 0: not known. What one receiver cannot settle goes to another, and what it
    ///     says of one message holds for all of its store.
    @inlinable
    package mutating func offer(
        _ message: Message, bytes: Int, losses: Int = 0, travelsAlone: Bool = false, store: UInt64 = 0, now: Duration
    ) {
        let slot = Int(core.offer(bytes: bytes, losses: losses, travelsAlone: travelsAlone, store: store, now: now))
        if slot < contents.count { contents[slot] = message } else { contents.append(message) }
    }

    /// Says which addresses DNS names now, host names resolved to all of theirs.
    ///
    /// DNS only adds: a peer that is not named any more is forgotten when it is silent and holds nothing.
    package mutating func resolve(_ addresses: [String], now: Duration) { core.resolve(addresses, now: now) }

    /// Takes a report that arrived at the ack address.
    package mutating func receive(_ report: Report, now: Duration) { core.receive(report, now: now) }

    /// Looks after silence, hellos and sockets, and sends what has room.
    package mutating func tick(now: Duration) { core.tick(now: now) }

    /// What to do next; `nil` when there is nothing.
    @inlinable
    package mutating func nextAction() -> Action? {
        switch core.nextStep() {
        case nil: nil
        case .openPeer(let peer, let address): .openPeer(peer, address: address)
        case .closePeer(let peer): .closePeer(peer)
        case .replaceSocket(let peer): .replaceSocket(peer)
        case .hello(let peer, let hello): .hello(peer, hello)
        case .message(let peer, let number): .message(peer, number: number)
        case .done(let slot): .done(take(slot))
        case .refused(let slot): if let message = contents[Int(slot)] { .refused(message) } else { nextAction() }
        case .deadLetter(let slot, let reason): .deadLetter(take(slot), reason)
        case .returned(let slot): .returned(take(slot))
        }
    }

    @inlinable
    mutating func take(_ slot: Int32) -> Message {
        guard let message = contents[Int(slot)].take() else { preconditionFailure("a message ended twice") }
        core.recycle(slot)
        return message
    }

    /// The message with this number, as it stands now, to be sent at once; `nil` if it need not be sent any more.
    @inlinable
    package func outgoing(to peer: Int, number: UInt64) -> Outgoing? {
        guard let found = core.find(number, at: peer), let message = contents[Int(found.slot)] else { return nil }
        return Outgoing(session: found.session, number: number, losses: found.losses, message: message)
    }

    /// The socket has taken the frame: if the peer is lost from now on, that is a loss of this message.
    package mutating func markTransmitted(to peer: Int, number: UInt64) { core.markTransmitted(number, to: peer) }

    /// Takes back a message that was to be sent and cannot be: it is the owner's again.
    @inlinable
    package mutating func withdraw(from peer: Int, number: UInt64) -> Message? {
        core.withdraw(number, at: peer).map { take($0) }
    }

    /// Says to all peers that this process is draining; they go on giving it room.
    ///
    /// - Parameter returningUnsent: Give back what no peer has taken (now, and when a peer refuses it later) instead of
    ///   offering it to others.
    package mutating func beginDrain(returningUnsent: Bool = false, now: Duration) {
        core.beginDrain(returningUnsent: returningUnsent, now: now)
    }

    /// Says goodbye to all peers.
    ///
    /// To be called when `isIdle`, or when there is no time left; send what comes out of `nextAction`, then exit.
    package mutating func leave() { core.leave() }

    /// What has been counted since it began.
    package var totals: SenderTotals { core.totals }

    /// How many more messages could be sent right now, over all peers, after those that wait already.
    package var room: Int { core.room }

    /// Messages no peer has.
    package var unsentCount: Int { core.unsentCount }

    /// Messages accepted and not done, wherever they are.
    package var openCount: Int { core.messages.count }

    /// Their bytes.
    package var openBytes: Int { core.messages.bytes }

    /// Nothing is open.
    package var isIdle: Bool { core.messages.count == 0 }

    /// Whether a peer is there to be given messages (it may be full).
    package var hasLivePeer: Bool { core.hasLivePeer }

    /// What waits because no peer can settle it, by store; empty while there is a peer that can, or none at all.
    package var unsettleable: [UnsettleableMessages] { core.unsettleable }

    /// Whether no peer takes anything: each has said of all it was given that it cannot settle it.
    package var isRefusedByAll: Bool { core.isRefusedByAll }

    /// Whether a report about this session is for this sender.
    package func hasSession(_ session: UInt64) -> Bool { core.hasSession(session) }

    /// All peers, for status and metrics.
    package func peerStatus(now: Duration) -> [PeerStatus] { core.peerStatus(now: now) }
}

extension LinkSender: Sendable where Message: Sendable {}
extension LinkSender.Action: Sendable where Message: Sendable {}
extension LinkSender.Outgoing: Sendable where Message: Sendable {}
