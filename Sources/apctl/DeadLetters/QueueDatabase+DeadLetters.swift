import Foundation
import GRDB
package import Queue

/// What readers and operators do with dead letters.
extension QueueDatabase {
    /// Up to `limit` dead letters after the one numbered `seq` (0: from the first).
    ///
    /// - Parameter queue: Only those of this queue; `nil` for all.
    package func deadLetters(
        after seq: Int64, limit: Int, queue: String? = nil
    ) throws(QueueError) -> [StoredDeadLetter] {
        try read("read dead letters") { database in
            let sql = """
                SELECT seq, request, id, queue, reason, attempts, deliveries, created_ms, CAST(body AS BLOB)
                FROM dead_letters WHERE seq > ?1 AND (?3 IS NULL OR queue = ?3) ORDER BY seq LIMIT ?2
                """
            let statement = try database.cachedStatement(sql: sql)
            return try Row.fetchAll(statement, arguments: [seq, limit, queue]).map { row in
                let body: Data? = row[8]
                return StoredDeadLetter(
                    seq: row[0], request: row[1], id: row[2], queue: row[3], reason: row[4], attempts: row[5],
                    deliveries: row[6], createdMilliseconds: row[7], body: [UInt8](body ?? Data()))
            }
        }
    }

    package func deadLetterCount(queue: String) throws(QueueError) -> Int {
        try read("count dead letters") { database in
            let sql = "SELECT count(*) FROM dead_letters WHERE queue = ?"
            return try Int.fetchOne(database.cachedStatement(sql: sql), arguments: [queue]) ?? 0
        }
    }

    /// Puts requests of dead letters back on their queues, as new ones, and removes the letters, in one transaction.
    ///
    /// - Returns: for each whether it was there.
    package func requeueDeadLetters(_ seqs: [Int64]) throws(QueueError) -> [Bool] {
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
    package func deleteDeadLetters(_ seqs: [Int64]) throws(QueueError) -> [Bool] {
        try write("delete dead letters") { database in
            try seqs.map { try Self.removeDeadLetter($0, database) }
        }
    }

    private static func removeDeadLetter(_ seq: Int64, _ database: Database) throws -> Bool {
        try database.cachedStatement(sql: "DELETE FROM dead_letters WHERE seq = ?").execute(arguments: [seq])
        return database.changesCount == 1
    }
}
