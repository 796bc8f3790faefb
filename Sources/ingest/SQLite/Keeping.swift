import Messages
import Queue
import SQLite

/// The connection of a source that renews and releases.
actor Keeping {
    private let thread = QueueThread(name: "sqlite-renew")
    private let path: String
    private let queue: String
    private let busyTimeout: Duration
    private let shared: SharedState
    private var database: QueueDatabase?
    private var hasConnected = false

    /// Receipts renewed or released in one transaction: some milliseconds of the write lock.
    private static let batch = 1000

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, queue: String, busyTimeout: Duration, shared: SharedState) {
        self.path = path
        self.queue = queue
        self.busyTimeout = busyTimeout
        self.shared = shared
    }

    func connect() throws(QueueError) {
        database = nil
        database = try shared.noting { () throws(QueueError) in
            try QueueDatabase(path: path, durability: .normal, create: !hasConnected, busyTimeout: busyTimeout)
        }
        hasConnected = true
    }

    func identity() throws(QueueError) -> StoreAnswer {
        guard let database else { throw .notConnected(path) }
        return try database.identity()
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
                guard let database else { throw .notConnected(path) }
                try body(database, batch)
            }
        }
    }
}

extension QueueError {
    static func notConnected(_ path: String) -> QueueError {
        QueueError(operation: "use of \(path)", reason: "not connected")
    }
}
