import Foundation
import GRDB
import Messages
import Queue
import QueueConformance
import SQLite
import Synchronization

@testable import SQLiteSink
@testable import SQLiteSource

/// A database file in a folder of its own; its outages are somebody else's long transactions.
final class SQLiteHarness: QueueHarness {
    static let promises = QueuePromises.durable.union([.keepsEqualMessages, .tellsBacklog])

    let path: String
    private let folder: URL
    private let queues = Mutex(0)
    private let blocker = Mutex<DatabaseQueue?>(nil)

    init() throws {
        folder = URL.temporaryDirectory.appending(path: "sqlite-queue-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "queue.db").path
        try QueueDatabase.create(path: path)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    func makeQueue() -> String {
        queues.withLock { count in
            count += 1
            return count == 1 ? Schema.defaultQueue : "queue-\(count)"
        }
    }

    func makeSource(queue: String, lease: Duration) -> any RequestSource {
        SQLiteSource(path: path, queue: queue, lease: lease, busyTimeout: .milliseconds(200))
    }

    func makeSink() -> any ResultSink {
        SQLiteSink(path: path, busyTimeout: .milliseconds(200))
    }

    func resultDestination(of queue: String) -> String { "" }

    /// As a producer with nothing but SQL does; text where it is text.
    func publish(_ body: [UInt8], to queue: String) throws {
        try plain(path) { database in
            if let text = String(validating: body, as: UTF8.self), !text.contains("\0") {
                try database.execute(sql: "INSERT INTO requests(queue, body) VALUES(?, ?)", arguments: [queue, text])
            } else {
                try database.execute(
                    sql: "INSERT INTO requests(queue, body) VALUES(?, ?)", arguments: [queue, Data(body)])
            }
        }
    }

    func results(of queue: String) throws -> [[UInt8]] {
        let rows = try QueueDatabase(path: path).results(after: 0, limit: .max)
        return rows.filter { $0.queue == queue }.map { Array($0.body.utf8) }
    }

    func deadLetters(of queue: String) throws -> [DeadLetter] {
        let rows = try QueueDatabase(path: path).deadLetters(after: 0, limit: .max)
        return rows.filter { $0.queue == queue }.map { DeadLetter(bytes: $0.body, reason: $0.reason) }
    }

    func stopServer() throws {
        let connection = try connect()
        try connection.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        blocker.withLock { $0 = connection }
    }

    func startServer() throws {
        let connection = blocker.withLock { blocker in
            defer { blocker = nil }
            return blocker
        }
        try connection?.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    private func connect() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}

/// Runs `body` with an empty database, and removes it afterwards.
func withDatabase<T>(_ body: (SQLiteHarness) async throws -> T) async throws -> T {
    let harness = try SQLiteHarness()
    defer { harness.remove() }
    return try await body(harness)
}
