import GRDB
import Queue
import SQLite

/// What operators do with dead letters.
extension QueueDatabase {
    /// Puts requests of dead letters back on their queues, as new ones, and removes the letters, in one transaction.
    ///
    /// - Returns: for each whether it was there.
    func requeueDeadLetters(_ seqs: [Int64]) throws(QueueError) -> [Bool] {
        try write("requeue dead letters") { database in
            let insert = try database.cachedStatement(
                sql: "INSERT INTO requests(queue, body) SELECT queue, body FROM dead_letters WHERE seq = ?")
            return try seqs.map { seq in
                try insert.execute(arguments: [seq])
                return try database.changesCount == 1 && Self.removeDeadLetter(seq, database)
            }
        }
    }

    /// Removes dead letters in one transaction.
    ///
    /// - Returns: for each whether it was there.
    func deleteDeadLetters(_ seqs: [Int64]) throws(QueueError) -> [Bool] {
        try write("delete dead letters") { database in
            try seqs.map { try Self.removeDeadLetter($0, database) }
        }
    }

    private static func removeDeadLetter(_ seq: Int64, _ database: Database) throws -> Bool {
        try database.cachedStatement(sql: "DELETE FROM dead_letters WHERE seq = ?").execute(arguments: [seq])
        return database.changesCount == 1
    }
}
