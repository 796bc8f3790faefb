package import Links

/// A sender that keeps its messages itself, for tests, simulator and benchmark: `LinkSender` knows them by slots.
package struct MessageSender<Message> {
    /// `LinkSender.Step`, with messages instead of slots.
    package enum Action {
        case openPeer(Int, address: String)
        case closePeer(Int)
        case replaceSocket(Int)
        case hello(Int, Hello)
        case message(Int, number: UInt64)
        case done(Message)
        case refused(Message)
        case deadLetter(Message, DeadLetterReason)
        case returned(Message)
    }

    /// What goes into a frame.
    package struct Outgoing {
        package let session: UInt64
        package let number: UInt64
        package let losses: Int
        package let message: Message
    }

    package var base: LinkSender
    /// By slot.
    private var contents: [Message?] = []

    package init(
        ackAddress: String, maxLosses: Int = 5, seed: UInt64, aloneFrom: Int = 2, largeFrom: Int = .max,
        wiring: LinkWiring? = nil
    ) {
        base = LinkSender(
            ackAddress: ackAddress, maxLosses: maxLosses, seed: seed, aloneFrom: aloneFrom, largeFrom: largeFrom,
            wiring: wiring)
    }

    package mutating func offer(
        _ message: Message, bytes: Int, losses: Int = 0, travelsAlone: Bool = false, store: UInt64 = 0, now: Duration
    ) {
        let slot = Int(base.offer(bytes: bytes, losses: losses, travelsAlone: travelsAlone, store: store, now: now))
        if slot < contents.count { contents[slot] = message } else { contents.append(message) }
    }

    package mutating func nextAction() -> Action? {
        switch base.nextStep() {
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

    private mutating func take(_ slot: Int32) -> Message {
        guard let message = contents[Int(slot)].take() else { preconditionFailure("a message ended twice") }
        base.recycle(slot)
        return message
    }

    package func outgoing(to peer: Int, number: UInt64) -> Outgoing? {
        guard let found = base.find(number, at: peer), let message = contents[Int(found.slot)] else { return nil }
        return Outgoing(session: found.session, number: number, losses: found.losses, message: message)
    }

    package mutating func withdraw(from peer: Int, number: UInt64) -> Message? {
        base.withdraw(number, at: peer).map { take($0) }
    }

    package mutating func resolve(_ addresses: [String], now: Duration) { base.resolve(addresses, now: now) }
    package mutating func receive(_ report: Report, now: Duration) { base.receive(report, now: now) }
    package mutating func tick(now: Duration) { base.tick(now: now) }
    package mutating func markTransmitted(to peer: Int, number: UInt64) { base.markTransmitted(number, to: peer) }
    package mutating func beginDrain(returningUnsent: Bool = false, now: Duration) {
        base.beginDrain(returningUnsent: returningUnsent, now: now)
    }
    package mutating func leave() { base.leave() }

    package var totals: SenderTotals { base.totals }
    package var room: Int { base.room }
    package var unsentCount: Int { base.unsentCount }
    package var openCount: Int { base.openCount }
    package var openBytes: Int { base.openBytes }
    package var isIdle: Bool { base.isIdle }
    package var hasLivePeer: Bool { base.hasLivePeer }
    package var unsettleable: [UnsettleableMessages] { base.unsettleable }
    package var conditionsOfPeers: [Condition] { base.conditionsOfPeers }
    package func heldFor(queue: String) -> Duration? { base.heldFor(queue: queue) }
    package var isRefusedByAll: Bool { base.isRefusedByAll }
    package func hasSession(_ session: UInt64) -> Bool { base.hasSession(session) }
    package func peerStatus(now: Duration) -> [PeerStatus] { base.peerStatus(now: now) }
}

extension MessageSender: Sendable where Message: Sendable {}
extension MessageSender.Action: Sendable where Message: Sendable {}
extension MessageSender.Outgoing: Sendable where Message: Sendable {}
