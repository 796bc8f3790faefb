import DequeModule

/// Everything a sender decides.
///
/// It knows messages by their slots; `LinkSender` keeps what is in them.
@usableFromInline struct SenderCore: Sendable {
    /// `LinkSender.Action`, with slots instead of messages.
    @usableFromInline enum Step: Sendable {
        case openPeer(Int, address: String)
        case closePeer(Int)
        case replaceSocket(Int)
        case hello(Int, Hello)
        case message(Int, number: UInt64)
        case done(Int32)
        case refused(Int32)
        case deadLetter(Int32, DeadLetterReason)
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
    @usableFromInline var largeFrom = Int.max
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
    var totals = SenderTotals()

    init(ackAddress: String, maxLosses: Int, seed: UInt64, aloneFrom: Int, wiring: LinkWiring?) {
        self.ackAddress = ackAddress
        self.maxLosses = maxLosses
        self.aloneFrom = aloneFrom
        self.wiring = wiring
        generator = SplitMix64(seed: seed)
    }

    /// Accepts a message, and says in which slot.
    @usableFromInline
    mutating func offer(bytes: Int, losses: Int, travelsAlone: Bool, store: UInt64, now: Duration) -> Int32 {
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

    @usableFromInline
    mutating func nextStep() -> Step? {
        if nextIndex == actions.count {
            actions.removeAll(keepingCapacity: true)
            nextIndex = 0
            return nil
        }
        nextIndex += 1
        return actions[nextIndex - 1]
    }

    /// The message in this slot has been taken out.
    @usableFromInline
    mutating func recycle(_ slot: Int32) { messages.recycle(slot) }

    /// Says what goes into the frame of an open message.
    @usableFromInline
    func find(_ number: UInt64, at index: Int) -> (slot: Int32, session: UInt64, losses: Int)? {
        guard index < peers.count, let slot = peers[index]?.slot(of: number), let session = peers[index]?.session else {
            return nil
        }
        return (slot, session, messages[slot].losses)
    }

    mutating func markTransmitted(_ number: UInt64, to index: Int) {
        guard let slot = peers[index]?.slot(of: number) else { return }
        messages[slot].wasSent = true
    }

    /// Takes out a message that waits to be sent; its number is over.
    @usableFromInline
    mutating func withdraw(_ number: UInt64, at index: Int) -> Int32? {
        guard index < peers.count, let slot = peers[index]?.slot(of: number) else { return nil }
        peers[index]?.close(number, travelsAlone: messages[slot].travelsAlone)
        messages.remove(slot)
        return slot
    }

    mutating func beginDrain(returningUnsent: Bool, now: Duration) {
        isDraining = true
        returnsUnsent = returnsUnsent || returningUnsent
        if returningUnsent { returnNeverTransmitted() }
        for peer in peers.indices { sendHello(peer) }
        pump(now: now)
    }

    mutating func leave() {
        for peer in peers.indices { sendHello(peer, isLeaving: true) }
    }
}
