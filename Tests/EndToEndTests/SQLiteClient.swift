import Foundation
import GRDB
import SQLite

/// A producer and consumer of the embedded queue who knows nothing but its two tables.
struct SQLiteClient: Sendable {
    let path: String
    private let database: DatabaseQueue

    /// Makes the file with its tables if nobody has yet.
    init(path: String) throws {
        try QueueDatabase.create(path: path)
        self.path = path
        var configuration = Configuration()
        configuration.busyMode = .timeout(20)
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Flags that name the queue.
    func flags(gateway: String) -> [String] {
        ["--message-queue-impl", "sqlite", "--sqlite.path", path, "--sqlite.inference-gateway", gateway]
    }

    func insert(_ bodies: [String]) throws {
        try database.write { database in
            for body in bodies {
                try database.execute(sql: "INSERT INTO requests(body) VALUES(?)", arguments: [body])
            }
        }
    }

    func insert(_ bodies: [String], queue: String) throws {
        try database.write { database in
            for body in bodies {
                try database.execute(
                    sql: "INSERT INTO requests(queue, body) VALUES(?, ?)", arguments: [queue, body])
            }
        }
    }

    func execute(_ sql: String) throws {
        try database.write { try $0.execute(sql: sql) }
    }

    /// Rows of a query that names the columns `id` and `body`.
    func rows(_ sql: String) throws -> [(id: String, body: String)] {
        try database.read { database in
            try Row.fetchAll(database, sql: sql).map { ($0["id"], $0["body"]) }
        }
    }

    func resultCount() throws -> Int {
        try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM results") ?? 0 }
    }

    func deadLetterCount() throws -> Int {
        try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM dead_letters") ?? 0 }
    }

    /// Ids of all results with their bodies, in the order they were written.
    func results() throws -> [(id: String, body: String)] {
        try rows("SELECT id, body FROM results ORDER BY seq")
    }

    /// How many results each id has.
    func resultsPerID() throws -> [String: Int] {
        try results().reduce(into: [:]) { $0[$1.id, default: 0] += 1 }
    }

    func openRequests() throws -> Int {
        try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM requests") ?? 0 }
    }
}
