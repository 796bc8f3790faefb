package import Foundation
import GRDB
import SQLite

/// `sqlite`, the queue without a server.
package struct SQLiteQueue: QueueUnderTest {
    private let path: String

    /// - Parameter folder: where the file goes.
    package init(folder: URL) throws {
        path = folder.appending(path: "queue.db").path
        try QueueDatabase.create(path: path)
    }

    package var kind: String { "sqlite" }
    package var port: Int? { nil }
    package var server: (any ServerUnderTest)? { nil }
    package func end() {}

    package func flags(port: Int?, gateway: String, silentGateway: String) -> [String] {
        [
            "--message-queue-impl", kind, "--sqlite.path", path,
            "--sqlite.request-queue-name", "requests", "--sqlite.inference-gateway", gateway,
            "--sqlite.request-queue-name.2", "silent", "--sqlite.inference-gateway.2", silentGateway,
        ]
    }

    package func connect() throws -> any QueueSession {
        var configuration = Configuration()
        configuration.busyMode = .timeout(20)
        return Session(database: try DatabaseQueue(path: path, configuration: configuration))
    }

    private struct Session: QueueSession {
        let database: DatabaseQueue

        func publish(_ requests: [Publication], first: Int) throws {
            // A transaction that failed has written nothing.
            try database.write { database in
                for request in requests {
                    try database.execute(
                        sql: "INSERT INTO requests(queue, body) VALUES(?, ?)",
                        arguments: [request.isSilent ? "silent" : "requests", request.body])
                }
            }
        }

        func results(from position: Int, limit: Int) throws -> [[UInt8]] {
            try database.read { database in
                try String.fetchAll(
                    database, sql: "SELECT body FROM results ORDER BY seq LIMIT ? OFFSET ?",
                    arguments: [limit, position]
                ).map { Array($0.utf8) }
            }
        }

        func leftovers() throws -> [String] {
            let count = try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM requests") ?? 0 }
            return count == 0 ? [] : ["requests (\(count))"]
        }

        func measures() throws -> [String: Int] {
            ["waiting": try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM requests") ?? 0 }]
        }
    }
}
