import Messages
import Primitives
import Queue
import SQLite

/// The connection of a source that waits for requests.
///
/// SQLite does not notify one process of another's commit, but the kernel reports writes to the write-ahead log: then
/// the source queries the database. It also does so at intervals, for file systems that do not report writes of others.
actor SQLiteReader {
    private let thread = QueueThread(name: "sqlite-lease")
    private let queue: String
    private let shared: SQLiteState
    private let connection: QueueConnection
    private var log: FileWatch?
    private var pause = Pause(isTold: false)
    private var steps = ClockSteps()

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, queue: String, busyTimeout: Duration, shared: SQLiteState) {
        connection = QueueConnection(path: path, durability: .normal, busyTimeout: busyTimeout)
        self.queue = queue
        self.shared = shared
    }

    func connect() throws(QueueError) {
        log = nil
        let opened = try shared.noting { () throws(QueueError) in
            let opened = try connection.connect()
            _ = try opened.state(queue: queue)  // so that the log exists
            return opened
        }
        shared.set(opened.openFiles)
        log = FileWatch(path: opened.logPath)
        pause = Pause(isTold: log != nil)
    }

    /// Closes files that were replaced, and opens those that are there now.
    func look() {
        connection.letGoIfChanged()
        if connection.wasLost { try? connect() }
    }

    func lease(limit: Int) throws(QueueError) -> [Delivery] {
        // The watch is tied to the files.
        if connection.wasLost { try connect() }
        return try connection.use { (database) throws(QueueError) in try lease(limit, from: database) }
    }

    private func lease(_ limit: Int, from database: QueueDatabase) throws(QueueError) -> [Delivery] {
        while !Task.isCancelled {
            let (version, state) = try shared.noting { () throws(QueueError) in
                (try database.dataVersion(), try database.state(queue: queue))
            }
            steps.note(clock: state.nowMilliseconds, running: runningClock())
            if steps.wasSetBack {
                _ = try shared.noting { () throws(QueueError) in
                    try database.correctTimes(queue: queue, milliseconds: shared.leaseMilliseconds)
                }
                steps.wasSetBack = false
                continue
            }
            let next = NextWork(state, takeOverFrom: shared.turn())
            guard next.isNow else {
                try wait(for: next, since: version, database)
                continue
            }
            let deliveries = try shared.noting { () throws(QueueError) in
                try database.lease(
                    queue: queue, limit: limit, milliseconds: shared.leaseMilliseconds,
                    takeOver: next.mayTakeOver, tookOver: shared.tookOver)
            }
            if !deliveries.isEmpty { return deliveries }
            // Another source was faster.
            while !Task.isCancelled, !rest(atMost: nil) {}
        }
        return []
    }

    /// Returns when the queue may have changed: another connection has committed since `version`, the time in `next`
    /// has come, or there was a gap.
    private func wait(for next: NextWork, since version: Int64, _ database: QueueDatabase) throws(QueueError) {
        while !Task.isCancelled {
            let left = next.milliseconds(at: WallClock.now().milliseconds)
            if left == 0 { return }
            let isTimeToAsk = rest(atMost: left)
            steps.note(clock: WallClock.now().milliseconds, running: runningClock())
            if shared.turn() != next.takeOverFrom || steps.wasSetBack { return }
            guard isTimeToAsk else { continue }
            let latest = try shared.noting { () throws(QueueError) in
                try database.checkFile()
                return try database.dataVersion()
            }
            if latest != version { return }
        }
    }

    /// Sleeps a little, or until the log is written to; returns whether it is time to query the database.
    private func rest(atMost milliseconds: Int64?) -> Bool {
        let limit = min(pause.sleep, milliseconds.map { .milliseconds($0) } ?? pause.sleep)
        if let log { return pause.pass(limit, isWritten: log.wait(limit: limit)) }
        Clock.sleep(limit)
        return pause.pass(limit, isWritten: false)
    }
}
