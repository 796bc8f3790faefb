import DequeModule
import Primitives

/// The sending end of a link: accepts messages, gives each to a peer with room, and keeps it until that peer has
/// acknowledged it as done.
///
/// It does no I/O, has no clock, and knows messages by slots: `offer` returns the slot in which the owner keeps the
/// offered message until a step ends it; then the owner takes it out and calls `recycle`. The owner (the shell)
/// translates:
///
/// - In: `resolve` every two seconds, `offer`, `receive` for each report, `tick` once per loop turn and at least every
///   `LinkTiming.tick`. Before `tick` the shell reads its ack socket dry, so that reports which wait there count.
/// - Out: after any of these, `nextStep` until it is `nil`, in order. Frames for one peer keep their order on the way
///   to its data socket. A message may wait in the shell's queue while the peer is not connected: the shell calls
///   `find` when the socket can take it, skips it if that is `nil`, and calls `markTransmitted` when the socket has
///   taken it. Of several hellos waiting there only the last is needed, in its place.
/// - `now` is a monotonic clock; only steps count.
package struct LinkSender: Sendable {
    /// What the shell does next.
    ///
    /// A peer is identified by its index, which is used again after `closePeer`; a message by its slot.
    package enum Step: Sendable {
        /// Open a data socket to `address` for this peer.
        case openPeer(Int, address: String)
        /// Close the data socket, without lingering; frames that wait for it are void.
        case closePeer(Int)
        /// Close the data socket and open another to the same address; frames that wait for it are void.
        case replaceSocket(Int)
        /// Send this hello, after all frames already queued for the peer.
        case hello(Int, Hello)
        /// Send this message: see `find`.
        case message(Int, number: UInt64)
        /// The next stage has acknowledged it: the message is finished for good.
        case done(Int32)
        /// A peer could not process it or has no room for its queue: it stays here and is offered again, to others
        /// first. It may have ended since.
        case refused(Int32)
        /// It must not be offered to any peer any more. The owner offers a dead letter for it instead, with losses 0.
        case deadLetter(Int32, DeadLetterReason)
        /// Not sent to any peer, and this process is leaving: the owner gives it back to its origin.
        case returned(Int32)
    }

    let ackAddress: String
    let maxLosses: Int
    let aloneFrom: Int
    /// Which processes belong at the other end; `nil`: no check.
    let wiring: LinkWiring?
    var generator: SplitMix64
    var clock = RunningTime()

    // Beside the peers, which are copied often: all are empty while all is well.

    /// Processes that answer at a peer's address and do not belong there; they get no session.
    var misfits: [Int: Introduction] = [:]
    /// What peers say is wrong behind them.
    var conditions: [Int: [Condition]] = [:]
    /// What peers say of pools, and the running time when they said it.
    var pools: [Int: (notes: [PoolNote], at: Duration)] = [:]
    /// What hellos say of pools.
    var bases: [PoolNote] = []
    /// How often peers have said something of pools.
    package internal(set) var poolReports: UInt64 = 0
    /// Some peer has said that a pool is closed.
    var hasClosedPools = false
    /// Stores that a peer cannot settle, and the running time from which one message of the store may ask it again.
    var foreignStores: [Int: [UInt64: Duration]] = [:]

    var messages = OpenMessages()
    var peers: [SenderPeer?] = []
    var peersByAddress: [String: Int] = [:]
    var peersBySession: [UInt64: Int] = [:]

    /// Never given to any peer, oldest first.
    var waiting: Deque<QueueEntry> = []
    /// The large ones among them, where these are kept apart.
    var large: Deque<QueueEntry> = []
    /// Bytes from which a message is large; `Int.max`: none is.
    private(set) var largeFrom = Int.max
    /// Held by peers that are lost, or given back by one, oldest first.
    var moving: Deque<QueueEntry> = []
    /// Like `moving`, for messages that travel alone.
    var loners: Deque<QueueEntry> = []
    /// Refused by a peer that could not process it.
    var refused: [QueueEntry] = []
    /// Messages of stores that some peer cannot settle, for which no other peer had room at their turn; oldest first.
    var aside: [UInt64: Deque<QueueEntry>] = [:]
    /// Running time from which it is worth checking them.
    var refusedLook: Duration = .zero
    var stamps: UInt64 = 0
    var accepted: UInt64 = 0

    var isDraining = false
    var returnsUnsent = false
    var actions: [Step] = []
    private var nextIndex = 0
    /// Numbers a report is about; kept for its memory.
    var found: [UInt64] = []
    /// Counters since it began.
    package internal(set) var totals = SenderTotals()

    /// Makes a sender without peers.
    ///
    /// - Parameters:
    ///   - ackAddress: Where receivers connect to with their reports, a ZeroMQ endpoint.
    ///   - maxLosses: A message is a dead letter when more processes than this were lost while they held it.
    ///   - seed: 64 bits from the system's random source, fresh for every process and link: session numbers come
    ///     from it, and a session number must never come back.
    ///   - aloneFrom: From this many losses on a message travels alone.
    ///   - largeFrom: Messages of so many bytes and more are overtaken by smaller ones, and a receiver holds few of
    ///     them; only for
    ///     links where a message is open for as long as the receiver is busy with it.
    ///   - wiring: Which processes may be sent to; `nil`: any that answers.
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

    /// Accepts a message, and returns its slot; the sender is responsible for it until a step ends it.
    ///
    /// - Parameters:
    ///   - bytes: Its size, for `openBytes`.
    ///   - losses: Processes lost while they held it before it came here.
    ///   - travelsAlone: Whether to treat it from the start like a message with two losses (a request whose lease
    ///     expired twice).
    ///   - store: The store its lease is in; 0: not known. A message that one receiver cannot settle goes to another; a
    ///     refusal of one message applies to all of its store.
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

    /// Returns what goes into the frame of an open message now: its session and number, and the losses that replace the
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

    /// Takes out a message that waits and cannot be sent; its number is over, and the owner is responsible for it
    /// again.
    package mutating func withdraw(_ number: UInt64, at index: Int) -> Int32? {
        guard index < peers.count, let slot = peers[index]?.slot(of: number) else { return nil }
        peers[index]?.close(number, travelsAlone: messages[slot].travelsAlone)
        messages.remove(slot)
        return slot
    }

    /// Tells all peers that this process is draining; they go on giving it room.
    ///
    /// - Parameter returningUnsent: Give back messages that no peer has taken (now, and when a peer refuses one later)
    ///   instead of offering them to others.
    package mutating func beginDrain(returningUnsent: Bool = false, now: Duration) {
        isDraining = true
        returnsUnsent = returnsUnsent || returningUnsent
        if returningUnsent { returnNeverTransmitted() }
        for peer in peers.indices { sendHello(peer) }
        pump(now: now)
    }

    /// Says goodbye to all peers.
    ///
    /// To be called when `isIdle`, or when there is no time left; carry out all steps of `nextStep`, then exit.
    package mutating func leave() {
        for peer in peers.indices { sendHello(peer, isLeaving: true) }
    }
}
