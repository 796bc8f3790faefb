import Foundation
import GRDB
import Messages
import Queue
import SQLite

/// The operation of emit: settle.
extension QueueDatabase {
    /// Writes all of `batch` in one transaction; each settlement succeeds or fails by itself.
    ///
    /// A batch that finds no space is divided until the settlement that is too large is alone, and waits.
    func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        var statuses = [SettlementStatus](repeating: .stale, count: batch.count)
        var parts = [batch.indices]
        var divisions = 0
        while let part = parts.popLast() {
            do throws(QueueError) {
                for (index, status) in zip(part, try settle(batch[part])) { statuses[index] = status }
            } catch {
                guard hadNoRoom else { throw error }
                if part.count > 1, divisions < Self.maxDivisions {
                    divisions += 1
                    let middle = part.lowerBound + part.count / 2
                    parts += [middle..<part.upperBound, part.lowerBound..<middle]
                } else {
                    for index in part { statuses[index] = .delayed(reason: error.description) }
                }
            }
        }
        return statuses
    }

    /// Eight divisions find one faulty settlement of 256; the remaining ones come again in another batch.
    private static let maxDivisions = 32

    private func settle(_ part: ArraySlice<Settlement>) throws(QueueError) -> [SettlementStatus] {
        try write("settle") { database in
            try part.map { settlement in
                do {
                    var settled = false
                    try database.inSavepoint {
                        settled = try Self.settle(settlement, database)
                        return .commit
                    }
                    return settled ? .settled : .stale
                } catch let error as DatabaseError where error.concernsOneRow {
                    return .refused(reason: error.message ?? "\(error.resultCode)")
                }
            }
        }
    }

    /// `false` when the settlement is stale.
    private static func settle(_ settlement: Settlement, _ database: Database) throws -> Bool {
        switch settlement.action {
        case .result(let body):
            return try finish(settlement, body, database)
        case .park(let delay, let attempts):
            let now = try now(database)
            return try changeHeld(
                settlement.receipt, database, set: "state = 1, until_ms = ?, token = ?, attempts = ?",
                [now + max(0, delay), now, Int64(attempts)])
        case .release:
            return try release(settlement.receipt, database)
        case .deadLetter(let reason, let result):
            return try bury(settlement, reason, result, database)
        }
    }

    /// Text is bound as its bytes: GRDB's own binding ends at a NUL.
    ///
    /// Writes the result and removes the request, no matter which process holds the lease: a computed result is not
    /// dropped.
    private static func finish(_ settlement: Settlement, _ body: Bytes, _ database: Database) throws -> Bool {
        guard let lease = LeaseReceipt(settlement.receipt) else { return false }
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO results(request, id, queue, destination, created_ms, body)
                SELECT seq, CAST(? AS TEXT), queue, CAST(? AS TEXT), \(Schema.now), CAST(? AS TEXT)
                FROM request_state WHERE seq = ? AND submission = ?
                """)
        try insert.execute(arguments: [
            Data(settlement.id.utf8), Data(settlement.destination.utf8), Data(body), lease.seq, lease.submission,
        ])
        guard database.changesCount == 1 else { return false }
        try remove(lease, database)
        return true
    }

    /// Moves the request to the dead letters, for the holder of its lease only.
    private static func bury(
        _ settlement: Settlement, _ reason: String, _ result: Bytes?, _ database: Database
    ) throws -> Bool {
        guard let lease = LeaseReceipt(settlement.receipt) else { return false }
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO dead_letters(request, id, queue, reason, attempts, deliveries, created_ms, body)
                SELECT s.seq, CAST(? AS TEXT), s.queue, CAST(? AS TEXT), s.attempts, s.deliveries, \(Schema.now), r.body
                FROM request_state s CROSS JOIN requests r ON r.seq = s.seq
                WHERE s.seq = ? AND s.submission = ? AND s.token = ? AND s.state = 2
                """)
        try insert.execute(arguments: [
            Data(settlement.id.utf8), Data(reason.utf8), lease.seq, lease.submission, lease.token,
        ])
        guard database.changesCount == 1 else { return false }
        if let result { return try finish(settlement, result, database) }
        try remove(lease, database)
        return true
    }

    /// A trigger removes the state as well.
    private static func remove(_ lease: LeaseReceipt, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM requests WHERE seq = ?").execute(arguments: [lease.seq])
    }
}
