import Queue

/// Where the dead letters of one queue are kept.
protocol DeadLetterStore {
    /// For messages, such as `request-queue:dead-letter on redis://localhost:6379/0`.
    var place: String { get }
    /// Whether a request goes back only with its deadline.
    var needsDeadline: Bool { get }

    /// Calls `visit` with every letter, in any order, and returns how many there are.
    ///
    /// A letter that is there all the time is never left out; while others remove letters, one may come twice.
    ///
    /// - Parameter limit: Only so many, the oldest; `nil` for all.
    func scan(first limit: Int?, _ visit: (DeadLetter) -> Void) throws(QueueError) -> Int

    /// Puts each request back, as a new one, and removes its letter, in one step; says what came of each.
    func requeue(_ letters: [Requeueing]) throws(QueueError) -> [Removal]

    /// Removes letters; says what came of each.
    func delete(_ letters: [DeadLetter]) throws(QueueError) -> [Removal]
}

/// A dead letter that is to go back on its queue.
struct Requeueing: Equatable {
    var letter: DeadLetter
    /// Unix seconds; there if the store needs it.
    var deadline: Int64?
}

/// What came of removing a letter.
enum Removal: Equatable {
    case done
    /// Somebody else was faster.
    case gone
    /// It is still there.
    case kept(reason: String)
}
