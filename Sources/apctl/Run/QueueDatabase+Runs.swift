import Foundation
import GRDB
import Messages
import Queue
import SQLite

/// What a program needs that is the only producer and the only reader of its file.
extension QueueDatabase {
    /// The highest `requests.seq` ever given, to requests that are gone too; 0 before the first.
    func lastSubmission() throws(QueueError) -> Int64 {
        try read("read the last submission") { database in
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'requests'") ?? 0
        }
    }

    /// Ends every lease, whoever holds it: for when all stages are known to be gone.
    func releaseAll() throws(QueueError) {
        try write("release all") { database in
            try database.execute(sql: "UPDATE request_state SET state = 0, until_ms = 0, token = 0 WHERE state = 2")
        }
    }

    /// The numbers of the requests that have no result yet.
    func openNumbers() throws(QueueError) -> Set<Int64> {
        try read("read open requests") { database in try Set(Int64.fetchAll(database, sql: "SELECT seq FROM requests"))
        }
    }

    /// Writes requests anew under their numbers, in one transaction: for when all stages are known to be gone.
    func replace(_ requests: [(number: Int64, body: Bytes)]) throws(QueueError) {
        try write("replace requests") { database in
            let update = try database.cachedStatement(sql: "UPDATE requests SET body = CAST(? AS TEXT) WHERE seq = ?")
            for request in requests {
                try update.execute(arguments: [request.body.withUnsafeBytes { Data($0) }, request.number])
            }
        }
    }
}
