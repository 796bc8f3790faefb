package import Queue
import SQLite
import Synchronization

/// Settles requests in an embedded database, for emit.
///
/// A batch is one transaction that is on the disk when `settle` returns.
package final class SQLiteSink: ResultSink {
    private let settling: Settling
    private let lastHealth: LastHealth

    /// - Parameters:
    ///   - path: of the database file; made when the sink connects.
    ///   - busyTimeout: how long a call waits for another connection's transaction before it throws.
    package init(path: String, busyTimeout: Duration = .seconds(5)) {
        let lastHealth = LastHealth()
        self.lastHealth = lastHealth
        settling = Settling(path: path, busyTimeout: busyTimeout, lastHealth: lastHealth)
    }

    package func connect() async throws(QueueError) { try await settling.connect() }

    package func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        try await settling.settle(batch)
    }

    package func identity() async throws(QueueError) -> StoreAnswer { try await settling.identity() }

    /// Checks the files too, and has them opened again, so that an idle sink notices that they were replaced.
    package func health() async -> QueueHealth {
        let (health, change) = lastHealth.current
        if health == .reachable, change == nil { return .reachable }
        if lastHealth.beginLook() {
            Task {
                await settling.look()
                lastHealth.endLook()
            }
        }
        return change.map { .unreachable(reason: "\($0)") } ?? health
    }
}

/// The result of the last access; readable while the connection is busy.
private final class LastHealth: Sendable {
    private struct State {
        var health = QueueHealth.unreachable(reason: "not connected yet")
        var files: OpenFiles?
        var isLooking = false
    }
    private let state = Mutex(State())

    var current: (health: QueueHealth, change: FileChange?) {
        state.withLock { ($0.health, $0.files?.change) }
    }

    func set(_ health: QueueHealth, _ files: OpenFiles?) {
        state.withLock { state in
            state.health = health
            state.files = files
        }
    }

    /// - Returns: `false` when another task checks already.
    func beginLook() -> Bool {
        state.withLock { state in
            defer { state.isLooking = true }
            return !state.isLooking
        }
    }

    func endLook() { state.withLock { $0.isLooking = false } }
}

/// The one connection of a sink.
private actor Settling {
    private let thread = QueueThread(name: "sqlite-settle")
    private let lastHealth: LastHealth
    private let connection: QueueConnection
    private var delayed = DelayedSettlements()

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, busyTimeout: Duration, lastHealth: LastHealth) {
        connection = QueueConnection(path: path, busyTimeout: busyTimeout)
        self.lastHealth = lastHealth
    }

    func connect() throws(QueueError) {
        try noting { () throws(QueueError) in _ = try connection.connect() }
    }

    func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(QueueError) in
            let statuses = try connection.use { (database) throws(QueueError) in try database.settle(batch) }
            delayed.note(batch, statuses)
            return statuses
        }
    }

    func identity() throws(QueueError) -> StoreAnswer {
        try connection.use { (database) throws(QueueError) in try database.identity() }
    }

    /// Finds out whether the database is there, and opens it again if it was lost.
    func look() {
        try? noting { () throws(QueueError) in
            try connection.use { (database) throws(QueueError) in
                try database.checkFile()
                _ = try database.dataVersion()
            }
        }
    }

    private func noting<T>(_ access: () throws(QueueError) -> T) throws(QueueError) -> T {
        do throws(QueueError) {
            let value = try access()
            lastHealth.set(delayed.trouble.map { .unreachable(reason: $0) } ?? .reachable, connection.files)
            return value
        } catch {
            lastHealth.set(.unreachable(reason: error.reason), connection.files)
            throw error
        }
    }
}
