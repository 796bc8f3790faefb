import Messages
import Queue

/// Messages sent with a share of a stage's room that a peer has refused and that are not done yet, by lane.
struct HandedBack {
    private var origins: Set<Origin> = []
    private var counts: [Int: Int] = [:]

    /// Whether there are any of this lane: its peers have no room for more.
    func has(lane: Int) -> Bool { !origins.isEmpty && counts[lane] != nil }

    mutating func insert(_ origin: Origin, _ share: QueueShares.Share?) {
        if let share, origins.insert(origin).inserted { counts[share.lane, default: 0] += 1 }
    }

    mutating func remove(_ origin: Origin, _ share: QueueShares.Share) {
        guard !origins.isEmpty, origins.remove(origin) != nil, let count = counts[share.lane] else { return }
        counts[share.lane] = count > 1 ? count - 1 : nil
    }
}

/// The origin of a message on an outgoing link within its stage.
package enum Origin: Sendable, Hashable {
    /// A request that this process has leased, by the stage's own number for it.
    case lease(UInt64)
    /// A message that has arrived on the incoming link.
    case message(IncomingLink.Ticket)
}

/// An envelope and its origin.
struct Parcel: Sendable {
    var envelope: Envelope
    let origin: Origin
    /// The room that it takes in its stage.
    let share: QueueShares.Share?
}
