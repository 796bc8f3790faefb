import Foundation
import GRDB
package import Messages
package import Queue

/// A row of `results`.
package struct StoredResult: Sendable, Equatable {
    /// Its place in the order of completion.
    package var seq: Int64
    /// `requests.seq` of its request.
    package var request: Int64
    package var id: String
    package var queue: String
    /// The JSON document.
    package var body: String
}

/// A row of `dead_letters`.
package struct StoredDeadLetter: Sendable, Equatable {
    package var seq: Int64
    package var request: Int64
    /// Empty when the request has none.
    package var id: String
    package var queue: String
    package var reason: String
    /// Those that failed at the gateway.
    package var attempts: Int
    /// Leases that expired.
    package var deliveries: Int
    /// When it was put aside, milliseconds since 1970.
    package var createdMilliseconds: Int64
    /// As the producer wrote it.
    package var body: [UInt8]
}

/// What producers and readers do.
extension QueueDatabase {
    /// Puts requests on a queue in one transaction; returns their `requests.seq` in order.
    package func submit(_ bodies: [Bytes], queue: String = Schema.defaultQueue) throws(QueueError) -> [Int64] {
        try write("submit") { database in
            let insert = try database.cachedStatement(
                sql: "INSERT INTO requests(queue, body) VALUES(?, CAST(? AS TEXT))")
            return try bodies.map { body in
                try insert.execute(arguments: [queue, body.withUnsafeBytes { Data($0) }])
                return database.lastInsertedRowID
            }
        }
    }

    /// Up to `limit` results after the one numbered `seq` (0: from the first), in the order of completion.
    package func results(after seq: Int64, limit: Int) throws(QueueError) -> [StoredResult] {
        try read("read results") { database in
            let sql = "SELECT seq, request, id, queue, body FROM results WHERE seq > ? ORDER BY seq LIMIT ?"
            let statement = try database.cachedStatement(sql: sql)
            return try Row.fetchAll(statement, arguments: [seq, limit]).map { row in
                StoredResult(seq: row[0], request: row[1], id: row[2], queue: row[3], body: row[4])
            }
        }
    }

    /// Requests that have no record yet: ready, parked or leased.
    package func openRequests(queue: String = Schema.defaultQueue) throws(QueueError) -> Int {
        try read("count requests") { database in
            let sql = "SELECT count(*) FROM request_state WHERE queue = ?"
            return try Int.fetchOne(database.cachedStatement(sql: sql), arguments: [queue]) ?? 0
        }
    }

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
}
