package import GRDB
package import Messages
package import Queue

/// What whoever has a lease does with it.
extension QueueDatabase {
    /// A number that differs from the one before when another connection has committed since.
    ///
    /// Costs about 2 µs.
    ///
    /// Source: sqlite.org/pragma.html#pragma_data_version
    package func dataVersion() throws(QueueError) -> Int64 {
        try read("data_version", isOfTables: false) { database in
            try Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version")) ?? 0
        }
    }

    /// Makes a request available again, for the holder of its lease only; `false` when it is another's.
    package static func release(_ receipt: Receipt, _ database: Database) throws -> Bool {
        try changeHeld(receipt, database, set: "state = 0, until_ms = 0, token = 0", [])
    }

    /// Changes the state of a request whose lease is the receipt's; `false` when it is not.
    package static func changeHeld(
        _ receipt: Receipt, _ database: Database, set: String, _ values: [Int64]
    ) throws -> Bool {
        guard let lease = LeaseReceipt(receipt) else { return false }
        let sql = "UPDATE request_state SET \(set) WHERE seq = ? AND submission = ? AND token = ? AND state = 2"
        let statement = try database.cachedStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(values + [lease.seq, lease.submission, lease.token]))
        return database.changesCount == 1
    }

    /// SQLite's clock, milliseconds since 1970.
    package static func now(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database.cachedStatement(sql: "SELECT \(Schema.now)")) ?? 0
    }
}

extension QueueDatabase {
    /// The name of this database, which a copy of its file has as well.
    package func identity() throws(QueueError) -> StoreAnswer {
        try read("identity") { database in
            let sql = "SELECT name FROM store_name"
            guard let name = try Int64.fetchOne(database.cachedStatement(sql: sql)) else {
                return .unknown(reason: "the table store_name of \(path) is empty")
            }
            return .store(StoreIdentity(.sqlite, named: String(name)))
        }
    }
}
