import Foundation
package import GRDB
package import Queue

/// One connection to the file of an embedded queue.
///
/// It blocks, and one thread at a time uses it: keep it in an actor on a `QueueThread`. Any number of connections, of
/// any number of processes of one machine, may have the file open. Network file systems will not do: they lack the
/// shared memory of SQLite's write-ahead log.
package final class QueueDatabase {
    /// Whether a commit waits for the disk.
    package enum Durability: String, Sendable {
        /// It does: what is committed survives a power failure.
        case full = "FULL"
        /// It does not, and a power failure may undo the latest commits, never damage the file. Right for leases: after
        /// a power failure nobody holds any. A commit of a `full` connection takes earlier ones with it to the disk.
        case normal = "NORMAL"
    }

    /// Where the file is.
    package let path: String
    /// Where SQLite writes what is committed, before it gets into the file.
    package var logPath: String { openFiles.logPath }
    /// What is open, for a look from any thread.
    package let openFiles: OpenFiles
    /// The last call failed in a way after which another connection may do better: not because of a lock, or for want of
    /// room.
    private(set) var isDoubtful = false
    private let connection: DatabaseQueue
    private let registration: UInt64
    /// `PRAGMA schema_version` when all tables were there last.
    private var knownSchema: Int?
    /// Whether the last writing transaction failed for want of room, on the disk or in memory.
    package private(set) var hadNoRoom = false

    /// Opens the file and makes the tables that are missing.
    ///
    /// - Parameters:
    ///   - create: whether a missing file is made, or an error. A stage makes it once, when it starts: later a missing
    ///     file is an outage (an unmounted volume), and what was in it must not be taken for settled.
    ///   - previous: what this path led to before, if it was open.
    ///   - busyTimeout: how long a call waits for another connection's transaction before it throws. A cancelled task
    ///     waits 100 ms at most.
    package init(
        path: String, durability: Durability = .full, create: Bool = true, previous: DatabaseFiles? = nil,
        busyTimeout: Duration = .seconds(5)
    ) throws(QueueError) {
        do {
            if !create, FileIdentity(path: path) == nil {
                let message = previous.map { _ in "there is no file any more; waiting for one" }
                throw DatabaseError(resultCode: .SQLITE_CANTOPEN, message: message)
            }
            try OpenFiles.checkLog(of: path, previous)
            let configuration = Self.configuration(durability, busyTimeout)
            connection = try DatabaseQueue(path: path, configuration: configuration)
            try connection.writeWithoutTransaction(Schema.prepare)
            guard let openFiles = OpenFiles(path: path) else { throw DatabaseError(resultCode: .SQLITE_CANTOPEN) }
            self.openFiles = openFiles
            registration = OpenDatabases.all.add(openFiles.files)
            self.path = path
        } catch {
            throw QueueError("open", path, error)
        }
    }

    deinit {
        try? connection.close()
        OpenDatabases.all.remove(registration)
    }

    /// Makes the file with its tables, so that producers may write before any stage has started.
    package static func create(path: String) throws(QueueError) {
        _ = try QueueDatabase(path: path)
    }

    private static func configuration(_ durability: Durability, _ busyTimeout: Duration) -> Configuration {
        var configuration = Configuration()
        configuration.label = "queue"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .callback { tries in
            let limit: Duration = Task.isCancelled ? min(busyTimeout, .milliseconds(100)) : busyTimeout
            return pause(tries: tries, limit: limit)
        }
        configuration.prepareDatabase { database in
            try useWriteAheadLog(database, limit: busyTimeout)
            try database.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
            // A burst may leave a long log behind; this much of it is kept for the next one.
            try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return configuration
    }

    /// Sleeps before another try for a lock; `false` when `limit` has passed in such sleeps.
    ///
    /// Transactions here take about a millisecond, most of it waiting for the disk, so waiting starts short: SQLite's
    /// own busy handler soon sleeps 100 ms at a time.
    private static func pause(tries: Int, limit: Duration) -> Bool {
        let short = Duration.microseconds(500)
        let long = Duration.milliseconds(5)
        let waited = short * min(tries, 20) + long * max(0, tries - 20)
        if waited >= limit { return false }
        usleep(tries < 20 ? 500 : 5000)
        return true
    }

    /// SQLite asks the busy handler for most locks, but not for the one that switches the journal mode.
    private static func useWriteAheadLog(_ database: Database, limit: Duration) throws {
        var tries = 0
        while true {
            do {
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                guard mode == "wal" else { throw DatabaseError(message: "cannot use a write-ahead log here") }
                return
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                guard pause(tries: tries, limit: limit) else { throw error }
                tries += 1
            }
        }
    }

    /// Runs `body` outside any transaction: one reading statement, or several that need not agree.
    ///
    /// - Parameter isOfTables: whether it needs the tables as they were made.
    package func read<T>(
        _ operation: String, isOfTables: Bool = true, _ body: (Database) throws -> T
    ) throws(QueueError) -> T {
        do {
            return try connection.writeWithoutTransaction { database in
                if isOfTables { try checkSchema(database) }
                return try body(database)
            }
        } catch {
            throw failure(operation, error)
        }
    }

    /// Throws when tables or triggers are missing: without a trigger requests would wait unseen.
    ///
    /// Source: sqlite.org/pragma.html#pragma_schema_version.
    private func checkSchema(_ database: Database) throws {
        let version = try Int.fetchOne(database.cachedStatement(sql: "PRAGMA schema_version"))
        if version == knownSchema { return }
        if let problem = try Schema.problem(database) {
            throw DatabaseError(resultCode: .SQLITE_SCHEMA, message: problem)
        }
        knownSchema = version
    }

    /// Runs `body` in one transaction that has the write lock from its beginning.
    ///
    /// It stands only if the path still leads to the files that are open, before and after: SQLite itself goes on writing
    /// to files that nobody can find.
    package func write<T>(_ operation: String, _ body: (Database) throws -> T) throws(QueueError) -> T {
        hadNoRoom = false
        try checkFile(operation)
        let result: T
        do {
            result = try connection.writeWithoutTransaction { database in
                var result: T?
                try database.inTransaction(.immediate) {
                    // The wait for the lock may have been long.
                    if let change { throw DatabaseError(message: "\(change)") }
                    try checkSchema(database)
                    result = try body(database)
                    return .commit
                }
                guard let result else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
                return result
            }
        } catch {
            let code = (error as? DatabaseError)?.resultCode
            hadNoRoom = code == .SQLITE_FULL || code == .SQLITE_NOMEM
            throw failure(operation, error)
        }
        try checkFile(operation)
        return result
    }

    /// Lets the file grow to so many pages, for this connection, as a disk of that size would.
    func limitPages(_ most: Int) throws(QueueError) {
        _ = try read("limit pages") { try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(most)") }
    }

    private func failure(_ operation: String, _ error: any Error) -> QueueError {
        isDoubtful = (error as? DatabaseError)?.isOfTheConnection ?? false
        return QueueError(operation, path, error)
    }

    /// What has been done to the files since they were opened; `nil` when nothing has.
    package var change: FileChange? { openFiles.change }

    /// Throws when the path no longer leads to the files that are open.
    package func checkFile(_ operation: String = "stat") throws(QueueError) {
        guard let change else { return }
        saveLog(change)
        throw QueueError(operation: "\(operation) on \(path)", reason: "\(change)")
    }

    /// Brings what stands in a log that was removed into the database, where others find it; only while nobody has
    /// written to a new one, whose pages this would overwrite.
    ///
    /// Source: sqlite.org/howtocorrupt.html, section 1.4; sqlite.org/pragma.html#pragma_wal_checkpoint.
    private func saveLog(_ change: FileChange) {
        guard change == .log(isUntouched: true) else { return }
        _ = try? connection.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}
