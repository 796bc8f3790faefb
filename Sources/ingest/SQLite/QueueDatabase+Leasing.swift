import GRDB
import Messages
import Queue
import SQLite

/// The requests that a queue can hand out, now and next.
struct QueueState: Sendable, Equatable {
    /// The database's clock.
    var nowMilliseconds: Int64
    /// Whether a request waits that is neither leased nor parked.
    var hasReady: Bool
    /// When the first parked request is due; may be in the past.
    var parkedDueMilliseconds: Int64?
    /// When the first lease ends; may be in the past.
    var leaseEndMilliseconds: Int64?
}

/// Values of `request_state.state`.
enum RowState: Int64 {
    case ready = 0
    case parked = 1
    case leased = 2
}

/// The operations of ingest: lease, renew, release.
extension QueueDatabase {
    static var stateSQL: String {
        """
        SELECT \(Schema.now), EXISTS(SELECT 1 FROM request_state WHERE queue = ?1 AND state = 0),
            (SELECT until_ms FROM request_state WHERE queue = ?1 AND state = 1 ORDER BY until_ms LIMIT 1),
            (SELECT until_ms FROM request_state WHERE queue = ?1 AND state = 2 ORDER BY until_ms LIMIT 1)
        """
    }

    static var leasableSQL: String {
        """
        SELECT s.seq, s.submission, s.attempts, s.deliveries, CAST(r.body AS BLOB)
        FROM request_state s CROSS JOIN requests r ON r.seq = s.seq
        WHERE s.queue = ? AND s.state = ? AND s.until_ms <= ? ORDER BY s.until_ms, s.seq LIMIT ?
        """
    }

    /// Reads without taking a lock.
    func state(queue: String) throws(QueueError) -> QueueState {
        try read("look") { database in
            guard let row = try Row.fetchOne(database.cachedStatement(sql: Self.stateSQL), arguments: [queue]) else {
                throw DatabaseError(resultCode: .SQLITE_INTERNAL)
            }
            return QueueState(
                nowMilliseconds: row[0], hasReady: row[1], parkedDueMilliseconds: row[2], leaseEndMilliseconds: row[3])
        }
    }

    /// What waits for a lease or for a retry.
    ///
    /// Reads without taking a lock.
    func backlog(queue: String) throws(QueueError) -> Backlog {
        try read("count what waits") { database in
            let sql = """
                SELECT state, count(*), min(until_ms) FROM request_state WHERE queue = ? AND state IN (0, 1, 2)
                GROUP BY state
                """
            var backlog = Backlog(waiting: 0, parked: 0)
            backlog.leased = 0
            for row in try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [queue]) {
                switch RowState(rawValue: row[0]) {
                case .parked: (backlog.parked, backlog.nextDueMilliseconds) = (row[1], row[2])
                case .leased: backlog.leased = row[1]
                default: backlog.waiting = row[1]
                }
            }
            return backlog
        }
    }

    /// Leases up to `limit` requests for `milliseconds`.
    ///
    /// Parked ones that are due come first, earliest first; then, if `takeOver`, those whose lease has ended; then the
    /// others in the order they arrived. The request whose body makes it
    /// `maxBytes` is the last.
    ///
    /// - Parameter tookOver: told how many leases of others had ended among them.
    func lease(
        queue: String, limit: Int, milliseconds: Int64, takeOver: Bool, maxBytes: Int = 64 << 20,
        tookOver: (Int) -> Void = { _ in }
    ) throws(QueueError) -> [Delivery] {
        let (deliveries, expired) = try write("lease") { database in
            let now = try Self.now(database)
            let token = Int64(bitPattern: UInt64.random(in: 1...UInt64.max))
            var batch = LeaseBatch(limit: limit, maxBytes: maxBytes)
            for state in [RowState.parked, .leased, .ready] where takeOver || state != .leased {
                try batch.fill(from: database, queue: queue, state: state, until: now)
            }
            let mark = try database.cachedStatement(
                sql: "UPDATE request_state SET state = 2, until_ms = ?, token = ?, deliveries = ? WHERE seq = ?")
            for row in batch.rows {
                try mark.execute(arguments: [now + milliseconds, token, row.deliveries, row.seq])
            }
            return (batch.rows.map { $0.delivery(token: token) }, batch.rows.count(where: \.isTakenOver))
        }
        tookOver(expired)
        return deliveries
    }

    /// Corrects times that were written by a clock that has been set back since: a parked request waits its full delay
    /// again, from now, and no lease lasts longer than ten times `milliseconds` and ten minutes.
    ///
    /// Reads all parked requests: to be called when the clock was set, not more often.
    /// - Returns: how many parked requests were given another time.
    func correctTimes(queue: String, milliseconds: Int64) throws(QueueError) -> Int {
        try write("correct times") { database in
            let now = try Self.now(database)
            let parked = try database.cachedStatement(
                sql: """
                    UPDATE request_state SET until_ms = ?1 + max(0, until_ms - token), token = ?1
                    WHERE queue = ?2 AND state = 1 AND until_ms > ?1 AND token > ?1 + 1000
                    """)
            try parked.execute(arguments: [now, queue])
            let count = database.changesCount
            let leased = try database.cachedStatement(
                sql: "UPDATE request_state SET until_ms = ? WHERE queue = ? AND state = 2 AND until_ms > ?")
            try leased.execute(arguments: [now + milliseconds, queue, now + 10 * milliseconds + 600_000])
            return count
        }
    }

    /// Extends leases to `milliseconds` from now, expired or not; returns the receipts of requests that another process
    /// holds now, or that no longer exist.
    func renew(_ receipts: [Receipt], milliseconds: Int64) throws(QueueError) -> [Receipt] {
        try write("renew") { database in
            let until = try Self.now(database) + milliseconds
            return try receipts.filter { receipt in
                try !Self.changeHeld(receipt, database, set: "until_ms = ?", [until])
            }
        }
    }

    /// Ends leases; requests that other processes hold by now are left alone.
    func release(_ receipts: [Receipt]) throws(QueueError) {
        try write("release") { database in
            for receipt in receipts { _ = try Self.release(receipt, database) }
        }
    }
}

/// Rows about to be leased together.
private struct LeaseBatch {
    let limit: Int
    let maxBytes: Int
    private(set) var rows: [Leasable] = []
    private var bytes = 0

    init(limit: Int, maxBytes: Int) {
        self.limit = limit
        self.maxBytes = maxBytes
    }

    /// Adds rows of this state whose time is not after `until`.
    mutating func fill(from database: Database, queue: String, state: RowState, until: Int64) throws {
        guard rows.count < limit, bytes < maxBytes else { return }
        let statement = try database.cachedStatement(sql: QueueDatabase.leasableSQL)
        let found = try Row.fetchCursor(statement, arguments: [queue, state.rawValue, until, limit - rows.count])
        while let row = try found.next() {
            let leasable = try Leasable(row, expired: state == .leased)
            rows.append(leasable)
            bytes += leasable.body.count
            if bytes >= maxBytes { return }
        }
    }
}

/// A row about to be leased.
private struct Leasable {
    let seq: Int64
    let submission: Int64
    let attempts: Int64
    let deliveries: Int64
    let isTakenOver: Bool
    let body: [UInt8]

    /// - Parameter expired: whether its last lease has expired, which is counted.
    init(_ row: Row, expired: Bool) throws {
        seq = row[0]
        submission = row[1]
        attempts = row[2]
        deliveries = row[3] + (expired ? 1 : 0)
        isTakenOver = expired
        body = try row.withUnsafeData(atIndex: 4) { data in data.map { [UInt8]($0) } ?? [] }
    }

    func delivery(token: Int64) -> Delivery {
        Delivery(
            bytes: body[...], receipt: LeaseReceipt(seq: seq, submission: submission, token: token).receipt,
            deliveries: Int(clamping: deliveries), failedAttempts: Int(clamping: attempts))
    }
}
