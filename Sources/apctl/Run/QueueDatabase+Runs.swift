import GRDB
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
}
