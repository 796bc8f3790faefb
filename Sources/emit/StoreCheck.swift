import Queue
import Stage

/// Which settlements are in another store than the one this process settles in.
///
/// It is asked only of those that are stale here: what can be settled is settled, whatever name it came with. A stale
/// one of this store was settled before; one of another store is somebody else's to settle.
struct StoreCheck: Sendable {
    private struct Note {
        /// The first and the last of a row without a pause.
        var first: Duration
        var last: Duration
        let queue: String
    }

    private var answer: StoreAnswer?
    /// Something has been settled since the store is known by this name: this process is right for somebody.
    private var hasSettled = false
    /// By `StoreIdentity.number`.
    private var foreign: [UInt64: Note] = [:]
    /// Settlements given back so far.
    private(set) var refused = 0

    private static let maxStores = 16
    /// A sender that has nobody else asks again each second; after this long it has.
    private static let pause = Duration.seconds(3)
    /// Whoever is right may come a moment later than whoever is not.
    private static let patience = Duration.milliseconds(800)

    /// - Returns: whether that is news.
    mutating func know(_ answer: StoreAnswer) -> Bool {
        guard answer != self.answer else { return false }
        self.answer = answer
        hasSettled = false
        foreign = [:]
        return true
    }

    private var own: StoreIdentity? { if case .store(let store) = answer { store } else { nil } }

    /// Whether a lease is known to be in another store; a name that is not known is compared with none.
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

    /// Whether something was given back a moment ago.
    func isRefusing(at now: Duration) -> Bool { foreign.values.contains { now - $0.last < Self.pause } }

    /// Stores of which somebody sends time and again what cannot be settled here.
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
