import Foundation
import GRDB
import Messages
import Queue
import SQLite

/// What a run puts on its queue for one line.
enum Submission: Equatable {
    case request(Bytes)
    /// The line is not sent: its result is there already.
    case refused(id: String, result: [UInt8])

    var count: Int {
        switch self {
        case .request(let bytes): bytes.count
        case .refused(_, let result): result.count
        }
    }
}

/// Requests on the queue that are not simply waiting for their first turn.
struct Backlog: Equatable, Sendable {
    /// Those that failed and wait to be tried again.
    var parked = 0
    /// When the first of them is due, seconds since 1970.
    var nextDue: Double?
    /// Those in the stages, most of them at the gateway.
    var leased = 0
}

/// What a program needs that is the only producer and the only reader of its file.
extension QueueDatabase {
    /// The highest `requests.seq` ever given, to requests that are gone too; 0 before the first.
    func lastSubmission() throws(QueueError) -> Int64 {
        try read("read the last submission") { database in
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'requests'") ?? 0
        }
    }

    /// Puts requests on the queue, and results of those that are not sent beside it, in one transaction; returns their
    /// `requests.seq` in order.
    func submit(_ submissions: [Submission]) throws(QueueError) -> [Int64] {
        try write("submit") { database in
            let insert = try database.cachedStatement(sql: "INSERT INTO requests(body) VALUES(CAST(? AS TEXT))")
            let delete = try database.cachedStatement(sql: "DELETE FROM requests WHERE seq = ?")
            let answer = try database.cachedStatement(
                sql: """
                    INSERT INTO results(request, id, queue, destination, created_ms, body)
                    VALUES(?, CAST(? AS TEXT), '\(Schema.defaultQueue)', '', \(Schema.now), CAST(? AS TEXT))
                    """)
            return try submissions.map { submission in
                switch submission {
                case .request(let bytes):
                    try insert.execute(arguments: [bytes.withUnsafeBytes { Data($0) }])
                    return database.lastInsertedRowID
                case .refused(let id, let result):
                    // For its number alone, which is the line's.
                    try insert.execute(arguments: [Data()])
                    let number = database.lastInsertedRowID
                    try delete.execute(arguments: [number])
                    try answer.execute(arguments: [number, Data(id.utf8), Data(result)])
                    return number
                }
            }
        }
    }

    /// Ends every lease, whoever holds it: for when all stages are known to be gone.
    func releaseAll() throws(QueueError) {
        try write("release all") { database in
            try database.execute(sql: "UPDATE request_state SET state = 0, until_ms = 0, token = 0 WHERE state = 2")
        }
    }

    /// What is parked, and what the stages have.
    func backlog() throws(QueueError) -> Backlog {
        try read("read the backlog") { database in
            let sql = """
                SELECT state, count(*), min(until_ms) FROM request_state
                WHERE queue = '\(Schema.defaultQueue)' AND state IN (1, 2) GROUP BY state
                """
            var backlog = Backlog()
            for row in try Row.fetchAll(database.cachedStatement(sql: sql)) {
                if row[0] == 2 {
                    backlog.leased = row[1]
                } else {
                    backlog.parked = row[1]
                    backlog.nextDue = (row[2] as Double) / 1000
                }
            }
            return backlog
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
