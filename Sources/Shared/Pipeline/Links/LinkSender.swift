import DequeModule
import Primitives

/// The sending end of a link: accepts messages, gives each to a peer with room, and keeps it until that peer has said
/// that it is done.
///
/// It does no I/O, has no clock, and knows messages by slots: `offer` says in which one the owner keeps what it offered,
/// until a step ends it; then the owner takes it out and calls `recycle`. The owner, the shell, translates:
///
/// - In: `resolve` every two seconds, `offer`, `receive` for each report, `tick` once per loop turn and at least every
///   `LinkTiming.tick`. Before `tick` the shell reads its ack socket dry, so that reports which wait there count.
/// - Out: after any of these, `nextStep` until it is `nil`, in order. Frames for one peer keep their order on the way to
///   its data socket. A message may wait in the shell's queue while the peer is not connected: the shell calls `find`
///   when the socket can take it, skips it if that is `nil`, and calls `markTransmitted` when the socket has taken it. Of
///   several hellos waiting there only the last is needed, in its place.
/// - `now` is a monotonic clock; only steps count.
package struct LinkSender: Sendable {
    /// What the shell does next.
    ///
    /// A peer is named by its index, which is used again after `closePeer`; a message by its slot.
    package enum Step: Sendable {
        /// Open a data socket to `address` for this peer.
        case openPeer(Int, address: String)
        /// Close the data socket, without lingering; what waits for it is void.
        case closePeer(Int)
        /// Close the data socket and open another to the same address; what waits for it is void.
        case replaceSocket(Int)
        /// Send this hello, behind everything already on its way to the peer.
        case hello(Int, Hello)
        /// Send this message: see `find`.
        case message(Int, number: UInt64)
        /// The next stage has said done: the message is finished for good.
        case done(Int32)
        /// A peer could not deal with it or has no room for its like: it stays here and is offered again, to others first.
        /// It may have ended since.
        case refused(Int32)
        /// Nobody can be offered this any more. The owner offers a dead letter about it instead, with losses 0.
        case deadLetter(Int32, DeadLetterReason)
        /// Not sent to anybody, and this process is leaving: the owner gives it back to where it came from.
        case returned(Int32)
    }

    let ackAddress: String
    let maxLosses: Int
    let aloneFrom: Int
    /// Who belongs at the other end; `nil`: nobody is asked.
    let wiring: LinkWiring?
    var generator: SplitMix64
    var clock = RunningTime()

    // Beside the peers, which are copied often: both are empty while all is well.

    /// Who answers at a peer's address and does not belong there; it gets no session.
    var misfits: [Int: Introduction] = [:]
    /// Stores that a peer cannot settle, and the running time from which one message of the store may ask it again.
    var foreignStores: [Int: [UInt64: Duration]] = [:]

    var messages = OpenMessages()
    var peers: [SenderPeer?] = []
    var peersByAddress: [String: Int] = [:]
    var peersBySession: [UInt64: Int] = [:]

    /// Never given to anybody, oldest first.
    var waiting: Deque<QueueEntry> = []
    /// The large ones among them, where these are kept apart.
    var large: Deque<QueueEntry> = []
    /// Bytes from which a message is large; `Int.max`: none is.
    private(set) var largeFrom = Int.max
    /// Held by peers that are lost, or given back by one, oldest first.
    var moving: Deque<QueueEntry> = []
    /// Like `moving`, for messages that travel alone.
    var loners: Deque<QueueEntry> = []
    /// Refused by a peer that could not deal with it.
    var refused: [QueueEntry] = []
    /// Of stores that some peer cannot settle: what no other had room for when it was its turn, oldest first.
    var aside: [UInt64: Deque<QueueEntry>] = [:]
    /// Running time from which it is worth looking at them.
    var refusedLook: Duration = .zero
    var stamps: UInt64 = 0
    var accepted: UInt64 = 0

    var isDraining = false
    var returnsUnsent = false
    var actions: [Step] = []
    private var nextIndex = 0
    /// Numbers a report is about; kept for its memory.
    var found: [UInt64] = []
    /// What has been counted since it began.
    package internal(set) var totals = SenderTotals()

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
        self.ackAddress = ackAddress
        self.maxLosses = maxLosses
        self.aloneFrom = aloneFrom
        self.largeFrom = largeFrom
        self.wiring = wiring
        generator = SplitMix64(seed: seed)
    }

    /// Accepts a message, and says in which slot; it is this sender's until a step ends it.
    ///
    /// - Parameters:
    ///   - bytes: Its size, for `openBytes`.
    ///   - losses: Processes lost while they held it before it came here.
    ///   - travelsAlone: Whether to treat it from the start like a message with two losses (a request whose lease
    ///     expired twice).
    ///   - store: The store its lease is in; 0: not known. What one receiver cannot settle goes to another, and what it
    ///     says of one message holds for all of its store.
    package mutating func offer(
        bytes: Int, losses: Int = 0, travelsAlone: Bool = false, store: UInt64 = 0, now: Duration
    ) -> Int32 {
        accepted += 1
        let isLoner = travelsAlone || losses >= aloneFrom
        let slot = messages.insert(
            OpenMessage(
                bytes: bytes, losses: losses, travelsAlone: isLoner, store: store, order: accepted, since: now))
        if isLoner {
            loners.append(entry(for: slot))
        } else if bytes >= largeFrom {
            large.append(entry(for: slot))
        } else if waiting.isEmpty, moving.isEmpty, !returnsUnsent, let peer = roomiest(store: store) {
            give(slot, to: peer, now: now)
        } else {
            waiting.append(entry(for: slot))
        }
        if !loners.isEmpty || !large.isEmpty || returnsUnsent { pump(now: now) }
        return slot
    }

    /// What to do next; `nil` when there is nothing.
    package mutating func nextStep() -> Step? {
        if nextIndex == actions.count {
            actions.removeAll(keepingCapacity: true)
            nextIndex = 0
            return nil
        }
        nextIndex += 1
        return actions[nextIndex - 1]
    }

    /// The message in this slot has been taken out.
    package mutating func recycle(_ slot: Int32) { messages.recycle(slot) }

    /// Says what goes into the frame of an open message, as it stands now: where it is, and the losses that replace the
    /// message's own count; `nil` if it need not be sent any more.
    package func find(_ number: UInt64, at index: Int) -> (slot: Int32, session: UInt64, losses: Int)? {
        guard index < peers.count, let slot = peers[index]?.slot(of: number), let session = peers[index]?.session else {
            return nil
        }
        return (slot, session, messages[slot].losses)
    }

    /// The socket has taken the frame: if the peer is lost from now on, that is a loss of this message.
    package mutating func markTransmitted(_ number: UInt64, to index: Int) {
        guard let slot = peers[index]?.slot(of: number) else { return }
        messages[slot].wasSent = true
    }

    /// Takes out a message that waits to be sent and cannot be; its number is over, and it is the owner's again.
    package mutating func withdraw(_ number: UInt64, at index: Int) -> Int32? {
        guard index < peers.count, let slot = peers[index]?.slot(of: number) else { return nil }
        peers[index]?.close(number, travelsAlone: messages[slot].travelsAlone)
        messages.remove(slot)
        return slot
    }

    /// Says to all peers that this process is draining; they go on giving it room.
    ///
    /// - Parameter returningUnsent: Give back what no peer has taken (now, and when a peer refuses it later) instead of
    ///   offering it to others.
    package mutating func beginDrain(returningUnsent: Bool = false, now: Duration) {
        isDraining = true
        returnsUnsent = returnsUnsent || returningUnsent
        if returningUnsent { returnNeverTransmitted() }
        for peer in peers.indices { sendHello(peer) }
        pump(now: now)
    }

    /// Says goodbye to all peers.
    ///
    /// To be called when `isIdle`, or when there is no time left; do what comes out of `nextStep`, then exit.
    package mutating func leave() {
        for peer in peers.indices { sendHello(peer, isLeaving: true) }
    }
}
