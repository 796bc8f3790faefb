/// One message that a sender has accepted and that is not done.
struct OpenMessage: Sendable {
    var bytes: Int
    /// Processes lost while they held it.
    var losses: Int
    /// It goes only to a peer that holds no other such message.
    var travelsAlone: Bool
    /// The store its lease is in; 0: not known.
    var store: UInt64 = 0
    /// Receivers that could not read it.
    var undecodable = 0
    /// Age among the messages of this sender.
    let order: UInt64
    /// Where it is: the peer whose session holds it open, or -1, and its number there.
    var peer: Int32 = -1
    var number: UInt64 = 0
    /// A socket to its peer has taken it: if the peer is lost, that counts as one more loss.
    var wasSent = false
    /// Number of the first hello composed after its last transmission; an answer to an earlier one says nothing about
    /// this message.
    var nextHello: UInt64 = 0
    /// When it was given to its peer (or accepted, while there is none), on the owner's clock.
    var since: Duration
    /// How often it was refused, counted as far as the retry delay needs it.
    var refusals = 0
    /// The peer that refused it last, or -1.
    var refuser: Int32 = -1
    /// Running time from which the peer that refused it may get it again; after the first refusal, other peers too.
    var notBefore: Duration = .zero
    /// Of its entry in a queue; 0 when it is in none.
    var stamp: UInt64 = 0
}

/// An entry in a queue of messages to be sent; void when the message's stamp has changed meanwhile.
struct QueueEntry: Sendable {
    let slot: Int32
    let stamp: UInt64
}

/// All messages a sender has accepted and that are not done, each in a slot that is used again later.
struct OpenMessages: Sendable {
    private var slots: [OpenMessage] = []
    private var free: [Int32] = []
    private(set) var count = 0
    private(set) var bytes = 0

    mutating func insert(_ message: OpenMessage) -> Int32 {
        count += 1
        bytes += message.bytes
        if let slot = free.popLast() {
            slots[Int(slot)] = message
            return slot
        }
        slots.append(message)
        return Int32(slots.count - 1)
    }

    /// The message is over; its slot stays taken until `recycle`.
    mutating func remove(_ slot: Int32) {
        slots[Int(slot)].stamp = 0
        count -= 1
        bytes -= slots[Int(slot)].bytes
    }

    /// The owner has taken the message out of this slot.
    mutating func recycle(_ slot: Int32) { free.append(slot) }

    /// Whether `entry` still stands for a message that waits in a queue.
    func isCurrent(_ entry: QueueEntry) -> Bool { slots[Int(entry.slot)].stamp == entry.stamp }

    subscript(slot: Int32) -> OpenMessage {
        _read { yield slots[Int(slot)] }
        _modify { yield &slots[Int(slot)] }
    }
}
