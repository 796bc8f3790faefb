import Foundation
import GRDB
import SQLite

/// The queue in a file, before a gateway that answers at once.
package struct SQLiteCell: Cell {
    package let name = "sqlite"
    package let summary = "queue `sqlite`, instant gateway, 64 concurrent"
    let requests: Int

    package init(requests: Int = 20_000) { self.requests = requests }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let path = bench.folder.appending(path: "queue.db").path
        let count = bench.scaled(requests)
        try QueueDatabase.create(path: path)
        let database = try open(path)
        try put(count, RequestText(size: 500, deadline: bench.deadline), into: database)
        let layout = PipelineLayout(queueFlags: [
            "--message-queue-impl", "sqlite", "--sqlite.path", path, "--sqlite.inference-gateway", nginx.url,
        ])
        return try await bench.withStages(layout, gateway: nginx, server: nil) { rig in
            try watch(rig.measured, until: count) {
                try database.read { try Int.fetchOne($0, sql: "SELECT max(seq) FROM results") ?? 0 }
            }.figures
        }
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(20)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private func put(_ count: Int, _ text: RequestText, into database: DatabaseQueue) throws {
        try database.write { database in
            let insert = try database.makeStatement(sql: "INSERT INTO requests(body) VALUES(?)")
            for number in 0..<count { try insert.execute(arguments: [text.document(number)]) }
        }
    }
}
