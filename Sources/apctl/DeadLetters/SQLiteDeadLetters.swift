import Queue
import SQLite

/// The rows of `dead_letters` that belong to one queue.
final class SQLiteDeadLetters: DeadLetterStore {
    private static let page = 256

    private let database: QueueDatabase
    private let queue: String

    init(path: String, queue: String) throws(QueueError) {
        database = try QueueDatabase(path: path, create: false)
        self.queue = queue
    }

    var place: String { "dead_letters of the queue \(queue) in \(database.path)" }
    var needsDeadline: Bool { false }

    func scan(first limit: Int?, _ visit: (DeadLetter) -> Void) throws(QueueError) -> Int {
        let count = try database.deadLetterCount(queue: queue)
        var left = limit ?? .max
        var last: Int64 = 0
        while left > 0 {
            let rows = try database.deadLetters(after: last, limit: min(left, Self.page), queue: queue)
            guard let end = rows.last else { break }
            for row in rows { visit(DeadLetter(row)) }
            last = end.seq
            left -= rows.count
        }
        return count
    }

    func requeue(_ letters: [Requeueing]) throws(QueueError) -> [Removal] {
        try database.requeueDeadLetters(letters.compactMap(\.letter.row)).map { $0 ? .done : .gone }
    }

    func delete(_ letters: [DeadLetter]) throws(QueueError) -> [Removal] {
        try database.deleteDeadLetters(letters.compactMap(\.row)).map { $0 ? .done : .gone }
    }
}

extension DeadLetter {
    fileprivate var row: Int64? {
        if case .row(let seq) = key { return seq }
        return nil
    }
}
