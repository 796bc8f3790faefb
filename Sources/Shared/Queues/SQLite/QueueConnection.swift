package import Queue

/// A connection that is made again when it may be of no use any more.
///
/// Its files were replaced, or it failed in a way that waiting alone does not cure. One thread at a time uses it.
package final class QueueConnection {
    private let path: String
    private let durability: QueueDatabase.Durability
    private let busyTimeout: Duration
    private var database: QueueDatabase?
    /// The files of the connection before.
    private var previous: DatabaseFiles?
    private var hasConnected = false

    package init(path: String, durability: QueueDatabase.Durability = .full, busyTimeout: Duration) {
        self.path = path
        self.durability = durability
        self.busyTimeout = busyTimeout
    }

    /// Opens the database, and makes it the first time.
    @discardableResult
    package func connect() throws(QueueError) -> QueueDatabase {
        letGo()
        let opened = try QueueDatabase(
            path: path, durability: durability, create: !hasConnected, previous: previous, busyTimeout: busyTimeout)
        database = opened
        hasConnected = true
        return opened
    }

    /// Runs `body` with the database, which is opened again when it is not open.
    ///
    /// - Throws: also before the first `connect`.
    package func use<T>(_ body: (QueueDatabase) throws(QueueError) -> T) throws(QueueError) -> T {
        guard hasConnected else { throw QueueError(operation: "use of \(path)", reason: "not connected") }
        let database: QueueDatabase
        if let open = self.database { database = open } else { database = try connect() }
        do {
            return try body(database)
        } catch {
            if database.isDoubtful || database.change != nil { letGo() }
            throw error
        }
    }

    /// Closes the database when its files are not those any more that its path leads to.
    package func letGoIfChanged() {
        guard let database, database.change != nil else { return }
        // Saves what can be saved.
        _ = try? database.checkFile()
        letGo()
    }

    /// It was connected, and is not now.
    package var wasLost: Bool { hasConnected && database == nil }

    /// The files that are open; `nil` while none are.
    package var files: OpenFiles? { database?.openFiles }

    private func letGo() {
        if let database { previous = database.openFiles.files }
        database = nil
    }
}
