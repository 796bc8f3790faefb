import DequeModule

/// The sending end of a link: accepts messages, gives each to a peer with room, and keeps it until that peer has said
/// that it is done.
///
/// It does no I/O and has no clock. Its owner, the shell, translates:
///
/// - In: `resolve` every two seconds, `offer`, `receive` for each report, `tick` once per loop turn and at least every
///   `LinkTiming.tick`. Before `tick` the shell reads its ack socket dry, so that reports which wait there count.
/// - Out: after any of these, `nextAction` until it is `nil`, in order. Frames for one peer keep their order on the way
///   to its data socket. A message may wait in the shell's queue while the peer is not connected: the shell calls
///   `outgoing` when the socket can take it, and skips it if that is `nil`. Of several hellos waiting there only the
///   last is needed, in its place.
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

    let ackAddress: String
    let maxLosses: Int
    let aloneFrom: Int
    var generator: SplitMix64
    var clock = RunningTime()

    var messages = OpenMessages<Message>()
    var peers: [SenderPeer?] = []
    var peersByAddress: [String: Int] = [:]
    var peersBySession: [UInt64: Int] = [:]

    /// Never given to anybody, oldest first.
    var waiting: Deque<QueueEntry> = []
    /// Held by peers that are lost, or given back by one, oldest first.
    var moving: Deque<QueueEntry> = []
    /// Like `moving`, for messages that travel alone.
    var loners: Deque<QueueEntry> = []
    /// Refused by a peer that could not deal with it.
    var refused: [QueueEntry] = []
    var stamps: UInt64 = 0
    var accepted: UInt64 = 0

    var isDraining = false
    var returnsUnsent = false
    var actions: [Action] = []
    var nextIndex = 0
    package internal(set) var totals = SenderTotals()

    /// Makes a sender without peers.
    ///
    /// - Parameters:
    ///   - ackAddress: Where receivers connect to with their reports, a ZeroMQ endpoint.
    ///   - maxLosses: A message is a dead letter when more processes than this were lost while they held it.
    ///   - seed: 64 bits from the system's random source, fresh for every process and link: session numbers come
    ///     from it, and a session number must never come back.
    ///   - aloneFrom: From this many losses on a message travels alone.
    package init(ackAddress: String, maxLosses: Int = 5, seed: UInt64, aloneFrom: Int = 2) {
        self.ackAddress = ackAddress
        self.maxLosses = maxLosses
        self.aloneFrom = aloneFrom
        generator = SplitMix64(seed: seed)
    }

    /// Accepts a message; it is this sender's until `done`, `deadLetter` or `returned` gives it back.
    ///
    /// - Parameters:
    ///   - bytes: Its size, for `openBytes`.
    ///   - losses: Processes lost while they held it before it came here.
    ///   - travelsAlone: Whether to treat it from the start like a message with two losses (a request whose lease
    ///     expired twice).
    package mutating func offer(
        _ message: Message, bytes: Int, losses: Int = 0, travelsAlone: Bool = false, now: Duration
    ) {
        accepted += 1
        let slot = messages.insert(
            OpenMessage(
                message: message, bytes: bytes, losses: losses, travelsAlone: travelsAlone || losses >= aloneFrom,
                order: accepted, since: now))
        if messages[slot].travelsAlone {
            loners.append(entry(for: slot))
        } else if waiting.isEmpty, moving.isEmpty, !returnsUnsent, let peer = roomiest() {
            give(slot, to: peer, now: now)
        } else {
            waiting.append(entry(for: slot))
        }
        if !loners.isEmpty || returnsUnsent { pump(now: now) }
    }

    /// What to do next; `nil` when there is nothing.
    package mutating func nextAction() -> Action? {
        if nextIndex == actions.count {
            actions.removeAll(keepingCapacity: true)
            nextIndex = 0
            return nil
        }
        nextIndex += 1
        return actions[nextIndex - 1]
    }

    /// The message with this number, as it stands now, to be sent at once; `nil` if it need not be sent any more.
    package mutating func outgoing(to peer: Int, number: UInt64) -> Outgoing? {
        guard peer < peers.count, let state = peers[peer], let slot = state.slot(of: number),
            let message = messages[slot].message
        else { return nil }
        messages[slot].wasSent = true
        return Outgoing(session: state.session, number: number, losses: messages[slot].losses, message: message)
    }

    /// Says to all peers that this process is draining; they go on giving it room.
    ///
    /// - Parameter returningUnsent: Give back what no peer has taken (now, and when a peer refuses it later) instead of
    ///   offering it to others.
    package mutating func beginDrain(returningUnsent: Bool = false, now: Duration) {
        isDraining = true
        returnsUnsent = returnsUnsent || returningUnsent
        for peer in peers.indices { sendHello(peer) }
        pump(now: now)
    }

    /// Says goodbye to all peers.
    ///
    /// To be called when `isIdle`, or when there is no time left; send what comes out of `nextAction`, then exit.
    package mutating func leave() {
        for peer in peers.indices { sendHello(peer, isLeaving: true) }
    }
}

extension LinkSender: Sendable where Message: Sendable {}
extension LinkSender.Action: Sendable where Message: Sendable {}
extension LinkSender.Outgoing: Sendable where Message: Sendable {}

/// What a sender has counted since it began.
package struct SenderTotals: Sendable, Equatable {
    /// Messages given to a peer for the first time in a session.
    package var sent: UInt64 = 0
    package var done: UInt64 = 0
    /// Messages sent once more to the same peer because they were missing there.
    package var sentAgain: UInt64 = 0
    /// Messages that left a lost peer for another.
    package var moved: UInt64 = 0
    package var refused: UInt64 = 0
    package var deadLetters: UInt64 = 0
    package var lostPeers: UInt64 = 0
    package var replacedSockets: UInt64 = 0
    /// Reports for a session this process does not have.
    package var unknownReports: UInt64 = 0
    /// Reports that came after a newer one.
    package var staleReports: UInt64 = 0

    package init() {}
}

/// Session numbers from a seed (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Never 0.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        return value == 0 ? next() : value
    }
}
