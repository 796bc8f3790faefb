import GRDB
package import Queue

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
