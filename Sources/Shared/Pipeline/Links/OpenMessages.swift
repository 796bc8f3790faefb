/// One message that a sender has accepted and that is not done.
struct OpenMessage<Message> {
    /// `nil` in a slot that is free.
    var message: Message?
    var bytes: Int
    /// Processes lost while they held it.
    var losses: Int
    /// It goes only to a peer that holds no other such message.
    var travelsAlone: Bool
    /// Receivers that could not read it.
    var undecodable = 0
    /// Age among the messages of this sender.
    let order: UInt64
    /// Where it stands: the peer whose session holds it open, or -1, and its number there.
    var peer: Int32 = -1
    var number: UInt64 = 0
    /// It was handed to the shell for its peer: if that is lost, that is one loss more.
    var wasSent = false
    /// Number of the first hello composed after its last transmission; an answer to an earlier one says nothing of it.
    var nextHello: UInt64 = 0
    /// When it was given to its peer (or accepted, while there is none), on the owner's clock.
    var since: Duration
    /// The peer that refused it last, or -1.
    var refuser: Int32 = -1
    /// Running time from which the refuser may have it again.
    var notBefore: Duration = .zero
    /// Of its entry in a queue; 0 when it is in none.
    var stamp: UInt64 = 0
}

/// A place in a queue of messages to be sent; void when the message's stamp has changed meanwhile.
struct QueueEntry: Sendable {
    let slot: Int32
    let stamp: UInt64
}

/// All messages a sender has accepted and that are not done, each in a slot that is used again later.
struct OpenMessages<Message> {
    private var slots: [OpenMessage<Message>] = []
    private var free: [Int32] = []
    private(set) var count = 0
    private(set) var bytes = 0

    mutating func insert(_ message: OpenMessage<Message>) -> Int32 {
        count += 1
        bytes += message.bytes
        if let slot = free.popLast() {
            slots[Int(slot)] = message
            return slot
        }
        slots.append(message)
        return Int32(slots.count - 1)
    }

    /// Frees the slot and returns what the owner gave.
    mutating func remove(_ slot: Int32) -> Message {
        guard let message = slots[Int(slot)].message else { preconditionFailure("a message was removed twice") }
        slots[Int(slot)].message = nil
        slots[Int(slot)].stamp = 0
        free.append(slot)
        count -= 1
        bytes -= slots[Int(slot)].bytes
        return message
    }

    /// Whether `entry` still stands for a message that waits in a queue.
    func isCurrent(_ entry: QueueEntry) -> Bool { slots[Int(entry.slot)].stamp == entry.stamp }

    subscript(slot: Int32) -> OpenMessage<Message> {
        _read { yield slots[Int(slot)] }
        _modify { yield &slots[Int(slot)] }
    }
}

extension OpenMessages: Sendable where Message: Sendable {}
extension OpenMessage: Sendable where Message: Sendable {}
