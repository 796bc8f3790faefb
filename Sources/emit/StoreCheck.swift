import Queue
import Stage

/// Finds settlements that are in another store than the one this process settles in.
///
/// It checks only those that are stale here: a settlement that succeeds is settled under any store name. A stale one of
/// this store was settled before; one of another store must be settled by another emit.
struct StoreCheck: Sendable {
    private struct Note {
        /// The first and the last of a series without a pause.
        var first: Duration
        var last: Duration
        let queue: String
    }

    private var answer: StoreAnswer?
    /// A settlement has succeeded since the store is known by this name: at least one sender is connected to the right
    /// emit.
    private var hasSettled = false
    /// By `StoreIdentity.number`.
    private var foreign: [UInt64: Note] = [:]
    /// Settlements given back so far.
    private(set) var refused = 0

    private static let maxStores = 16
    /// A sender without another peer sends a probe each second, so within this time one has come.
    private static let pause = Duration.seconds(3)
    /// Settlements of the right store may come a moment later than those of a wrong one.
    private static let patience = Duration.milliseconds(800)

    /// - Returns: whether the answer has changed.
    mutating func know(_ answer: StoreAnswer) -> Bool {
        guard answer != self.answer else { return false }
        self.answer = answer
        hasSettled = false
        foreign = [:]
        return true
    }

    private var own: StoreIdentity? { if case .store(let store) = answer { store } else { nil } }

    /// Whether a lease is known to be in another store; `false` if either name is not known.
    func isForeign(_ store: UInt64) -> Bool { store != 0 && own.map { $0.number != store } == true }

    mutating func settled() { hasSettled = true }

    /// A settlement is given back, being of another store.
    mutating func refuse(store: UInt64, queue: String, at now: Duration) {
        refused += 1
        var note = foreign[store] ?? Note(first: now, last: now, queue: queue)
        if now - note.last >= Self.pause { note.first = now }
        note.last = now
        if foreign[store] != nil || foreign.count < Self.maxStores { foreign[store] = note }
    }

    /// Whether a settlement was given back a moment ago.
    func isRefusing(at now: Duration) -> Bool { foreign.values.contains { now - $0.last < Self.pause } }

    /// Stores whose settlements arrive repeatedly and cannot be settled here.
    func problems(at now: Duration) -> [WiringProblem] {
        guard let own else { return [] }
        return foreign.sorted { $0.key < $1.key }.compactMap { store, note in
            guard now - note.last < Self.pause, note.last - note.first >= Self.patience else { return nil }
            return WiringProblem(
                "what is sent here of queue \(note.queue) is in \(StoreIdentity(number: store)), and this emit settles in "
                    + "\(own): it is given back, and waits for an emit of that store",
                isBlocking: !hasSettled)
        }
    }
}
