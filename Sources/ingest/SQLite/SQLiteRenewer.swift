import Messages
import Primitives
import Queue
import SQLite

/// The connection of a source that renews and releases.
actor SQLiteRenewer {
    private let thread = QueueThread(name: "sqlite-renew")
    private let queue: String
    private let shared: SQLiteState
    private let connection: QueueConnection

    /// Receipts renewed or released in one transaction: some milliseconds of the write lock.
    private static let batch = 1000

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, queue: String, busyTimeout: Duration, shared: SQLiteState) {
        self.queue = queue
        connection = QueueConnection(path: path, durability: .normal, busyTimeout: busyTimeout)
        self.shared = shared
    }

    func connect() throws(QueueError) {
        try shared.noting { () throws(QueueError) in _ = try connection.connect() }
    }

    /// Closes files that were replaced, so that the new ones can be opened.
    func letGoIfChanged() { connection.letGoIfChanged() }

    func identity() throws(QueueError) -> StoreAnswer {
        try connection.use { (database) throws(QueueError) in try database.identity() }
    }

    /// Between two renewals: reads without a lock, one entry of an index for each request that waits, and some bodies.
    func backlog() throws(QueueError) -> Backlog {
        let queue = queue
        return try connection.use { (database) throws(QueueError) in
            var backlog = try database.backlog(queue: queue)
            backlog.drawn = try database.draw(queue: queue, nowMilliseconds: WallClock.now().milliseconds)
            return backlog
        }
    }

    func renew(_ receipts: [Receipt]) throws(QueueError) -> [Receipt] {
        var lost: [Receipt] = []
        try inBatches(receipts) { (database, batch) throws(QueueError) in
            lost += try database.renew(batch, milliseconds: shared.leaseMilliseconds)
        }
        return lost
    }

    func release(_ receipts: [Receipt]) throws(QueueError) {
        try inBatches(receipts) { (database, batch) throws(QueueError) in
            try database.release(batch)
        }
    }

    private func inBatches(
        _ receipts: [Receipt], _ body: (QueueDatabase, [Receipt]) throws(QueueError) -> Void
    ) throws(QueueError) {
        var rest = receipts[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            try shared.noting { () throws(QueueError) in
                try connection.use { (database) throws(QueueError) in try body(database, batch) }
            }
        }
    }
}
