/// What a process says of a pool of engines: a dispatch with its reports, of what it sends to; an ingest with its hellos, of
/// what all its dispatches say.
package struct PoolNote: Sendable, Equatable {
    /// The pool's name, as requests or gateways give it.
    package var pool: String
    /// What a token takes there without asynchronous work, microseconds; 0: not known.
    package var base: Int
    /// For how long nothing may start there, or nothing more is wanted, milliseconds; 0: it is open.
    package var closedFor: Int
    /// Names of queues of which nothing more is wanted, since all they have sent so far goes to pools that are closed, or
    /// enough of it waits there.
    package var heldQueues: [String]

    package init(pool: String, base: Int = 0, closedFor: Int = 0, heldQueues: [String] = []) {
        self.pool = pool
        self.base = base
        self.closedFor = closedFor
        self.heldQueues = heldQueues
    }

    /// Most notes in one hello or report, and most queues in a note.
    package static let most = 64
    /// Bytes of the name of a pool or a queue; of longer ones nothing is said, so that a report stays small.
    package static let maxName = 600

    var isClosed: Bool { closedFor > 0 }

    func isOf(_ pool: String) -> Bool { self.pool.utf8.elementsEqual(pool.utf8) }

    func holds(_ queue: String) -> Bool { isClosed && heldQueues.contains { $0.utf8.elementsEqual(queue.utf8) } }

    /// The least known base of each pool, in the order of names; open or closed is not said.
    static func leastBases(_ notes: some Sequence<PoolNote>) -> [PoolNote] {
        var least: [[UInt8]: PoolNote] = [:]
        for note in notes where note.base > 0 {
            let name = Array(note.pool.utf8)
            guard note.base < least[name]?.base ?? .max else { continue }
            least[name] = PoolNote(pool: note.pool, base: note.base)
        }
        return least.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }
}
