package import Queue
import SQLite
import Synchronization

/// The settlements of an embedded database, as emit sees them.
///
/// A batch is one transaction that is on the disk when `settle` returns.
package final class SQLiteResultSink: ResultSink {
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

    package func health() async -> QueueHealth { lastHealth.value.withLock { $0 } }
}

/// How the last access went; readable while the connection is busy.
private final class LastHealth: Sendable {
    let value = Mutex(QueueHealth.unreachable(reason: "not connected yet"))
}

/// The one connection of a sink.
private actor Settling {
    private let thread = QueueThread(name: "sqlite-settle")
    private let path: String
    private let busyTimeout: Duration
    private let lastHealth: LastHealth
    private var database: QueueDatabase?
    private var hasConnected = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, busyTimeout: Duration, lastHealth: LastHealth) {
        self.path = path
        self.busyTimeout = busyTimeout
        self.lastHealth = lastHealth
    }

    func connect() throws(QueueError) {
        database = nil
        database = try noting { () throws(QueueError) in
            try QueueDatabase(path: path, create: !hasConnected, busyTimeout: busyTimeout)
        }
        hasConnected = true
    }

    func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(QueueError) in
            guard let database else { throw QueueError(operation: "settle on \(path)", reason: "not connected") }
            return try database.settle(batch)
        }
    }

    func identity() throws(QueueError) -> StoreAnswer {
        guard let database else { throw QueueError(operation: "identity of \(path)", reason: "not connected") }
        return try database.identity()
    }

    private func noting<T>(_ access: () throws(QueueError) -> T) throws(QueueError) -> T {
        do throws(QueueError) {
            let value = try access()
            lastHealth.value.withLock { $0 = .reachable }
            return value
        } catch {
            lastHealth.value.withLock { $0 = .unreachable(reason: error.reason) }
            throw error
        }
    }
}
