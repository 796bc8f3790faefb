/// What a sender tells a receiver on connecting, once a second, and when something changes.
///
/// It follows the messages on the same connection: a message that it lists as sent and that has not arrived is lost.
package struct Hello: Sendable, Equatable {
    /// Random, chosen by the sender: one sender process feeding one receiver process.
    package var session: UInt64
    /// The receiver instance this session belongs to; 0 asks for the receiver's identity, and opens nothing.
    package var receiver: UInt64
    /// 1, 2, 3 … within the session.
    package var number: UInt64
    /// Where the sender takes reports, a ZeroMQ endpoint.
    package var ackAddress: String
    /// Highest message number sent; 0 for none.
    package var last: UInt64
    /// Numbers up to `last` that are not known to be done.
    ///
    /// All others are done, or have moved elsewhere.
    package var open: NumberRanges
    /// Number of the newest report that arrived for this session; 0 until a report has said that the session is open.
    package var heard: UInt64
    package var isDraining: Bool
    /// The sender's last word: it holds nothing open and leaves.
    package var isLeaving: Bool
    /// Identity of the sender; `nil` from an earlier release.
    package var from: Introduction?
    /// What all its receivers have measured of pools.
    package var pools: [PoolNote]

    package init(
        session: UInt64, receiver: UInt64, number: UInt64, ackAddress: String, last: UInt64 = 0,
        open: NumberRanges = [], heard: UInt64 = 0, isDraining: Bool = false, isLeaving: Bool = false,
        from: Introduction? = nil, pools: [PoolNote] = []
    ) {
        self.session = session
        self.receiver = receiver
        self.number = number
        self.ackAddress = ackAddress
        self.last = last
        self.open = open
        self.heard = heard
        self.isDraining = isDraining
        self.isLeaving = isLeaving
        self.from = from
        self.pools = pools
    }
}

/// What a receiver tells a sender: in answer to each hello, once a second, and once per loop turn with news.
package struct Report: Sendable, Equatable {
    /// The session of the hello this answers.
    package var session: UInt64
    /// Random, one per receiver process; a restarted receiver has another.
    ///
    /// Never 0.
    package var receiver: UInt64
    /// Rises with every report of the receiver, whatever the session.
    package var number: UInt64
    /// Number of the newest hello that arrived.
    package var answers: UInt64
    /// Whether the receiver has this session.
    ///
    /// If not, everything below is empty.
    package var isOpen: Bool
    /// Highest message number the receiver takes now.
    package var limit: UInt64
    /// Numbers finished for good: in the answer to a hello all of them, otherwise the first run of them and new ones.
    ///
    /// The answer to the next hello repeats all that a lost report contained.
    package var done: NumberRanges
    /// Numbers that hello `answers` calls open and that had not arrived when it did.
    package var missing: NumberRanges
    package var refused: [Refusal]
    package var isDraining: Bool
    /// The receiver's last word: it will not process messages that it has not reported as done.
    package var isLeaving: Bool
    /// Identity of the receiver: in answers to a hello and once a second; `nil` otherwise, and from an earlier release.
    package var from: Introduction?
    /// What is not as it should be behind the receiver; counts only where `from` is there.
    package var conditions: [Condition]
    /// The pools behind the receiver of which there is something to say; counts only where `from` is there.
    package var pools: [PoolNote]

    package init(
        session: UInt64, receiver: UInt64, number: UInt64, answers: UInt64, isOpen: Bool, limit: UInt64 = 0,
        done: NumberRanges = [], missing: NumberRanges = [], refused: [Refusal] = [], isDraining: Bool = false,
        isLeaving: Bool = false, from: Introduction? = nil, conditions: [Condition] = [], pools: [PoolNote] = []
    ) {
        self.session = session
        self.receiver = receiver
        self.number = number
        self.answers = answers
        self.isOpen = isOpen
        self.limit = limit
        self.done = done
        self.missing = missing
        self.refused = refused
        self.isDraining = isDraining
        self.isLeaving = isLeaving
        self.from = from
        self.conditions = conditions
        self.pools = pools
    }
}

/// A message the receiver gives back without having started it.
package struct Refusal: Sendable, Equatable {
    package var number: UInt64
    package var reason: RefusalReason

    package init(number: UInt64, reason: RefusalReason) {
        self.number = number
        self.reason = reason
    }
}

package enum RefusalReason: UInt8, Sendable, CaseIterable {
    /// The frame arrived and cannot be read.
    case undecodable = 1
    /// This process cannot settle it, at least now: it does not know the queue, or the queue's share of room is used
    /// up.
    case unsettleable = 2
    /// Not started, and the process is leaving.
    case draining = 3
    /// Its lease is in another store than the one this process settles in: this applies to all messages of that store.
    ///
    /// Used only for messages that name their store; their senders know this reason.
    case foreign = 4
}

/// Why a sender gives up offering a message.
package enum DeadLetterReason: Sendable, Equatable {
    /// So many processes were lost while they held it.
    case losses(Int)
    /// Two receivers could not read it.
    case undecodable

    /// For people.
    package var text: String {
        switch self {
        case .losses(let count): "\(count) processes were lost while they held this request"
        case .undecodable: "two processes could not decode this request"
        }
    }
}
