import Messages
import Queue
import SQLite

/// The connection of a source that waits for requests.
///
/// Nothing in SQLite tells one process that another has committed, but the kernel tells that the write-ahead log was
/// written to: then the source asks. It asks now and then in any case, for file systems that tell nothing of others.
actor Leasing {
    private let thread = QueueThread(name: "sqlite-lease")
    private let path: String
    private let queue: String
    private let busyTimeout: Duration
    private let shared: SharedState
    private var database: QueueDatabase?
    private var log: FileWatch?
    private var pause = Pause(isTold: false)
    private var hasConnected = false
    private var steps = ClockSteps()

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(path: String, queue: String, busyTimeout: Duration, shared: SharedState) {
        self.path = path
        self.queue = queue
        self.busyTimeout = busyTimeout
        self.shared = shared
    }

    func connect() throws(QueueError) {
        database = nil
        log = nil
        let opened = try shared.noting { () throws(QueueError) in
            let opened = try QueueDatabase(
                path: path, durability: .normal, create: !hasConnected, busyTimeout: busyTimeout)
            _ = try opened.outlook(queue: queue)  // so that the log exists
            return opened
        }
        database = opened
        hasConnected = true
        log = FileWatch(path: opened.logPath)
        pause = Pause(isTold: log != nil)
    }

    func lease(limit: Int) throws(QueueError) -> [Delivery] {
        guard let database else { throw .notConnected(path) }
        while !Task.isCancelled {
            let (version, outlook) = try shared.noting { () throws(QueueError) in
                (try database.dataVersion(), try database.outlook(queue: queue))
            }
            steps.note(clock: outlook.nowMilliseconds, running: runningClock())
            if steps.wasSetBack {
                _ = try shared.noting { () throws(QueueError) in
                    try database.correctTimes(queue: queue, milliseconds: shared.leaseMilliseconds)
                }
                steps.wasSetBack = false
                continue
            }
            let prospect = Prospect(outlook, takeOverFrom: shared.turn())
            guard prospect.isNow else {
                try wait(for: prospect, since: version, database)
                continue
            }
            let deliveries = try shared.noting { () throws(QueueError) in
                try database.lease(
                    queue: queue, limit: limit, milliseconds: shared.leaseMilliseconds,
                    takeOver: prospect.mayTakeOver)
            }
            if !deliveries.isEmpty { return deliveries }
            // Another source was faster.
            while !Task.isCancelled, !rest(atMost: nil) {}
        }
        return []
    }

    /// Returns when something may have changed: another connection has committed since `version`, what `prospect`
    /// tells has come, or there was a gap.
    private func wait(for prospect: Prospect, since version: Int64, _ database: QueueDatabase) throws(QueueError) {
        while !Task.isCancelled {
            let left = prospect.milliseconds(at: Clock.milliseconds())
            if left == 0 { return }
            let isTimeToAsk = rest(atMost: left)
            steps.note(clock: Clock.milliseconds(), running: runningClock())
            if shared.turn() != prospect.takeOverFrom || steps.wasSetBack { return }
            guard isTimeToAsk else { continue }
            let latest = try shared.noting { () throws(QueueError) in
                try database.checkFile()
                return try database.dataVersion()
            }
            if latest != version { return }
        }
    }

    /// Sleeps a little, or until the log is written to; says whether it is time to ask the database.
    private func rest(atMost milliseconds: Int64?) -> Bool {
        let limit = min(pause.sleep, milliseconds.map { .milliseconds($0) } ?? pause.sleep)
        if let log { return pause.pass(limit, isWritten: log.wait(limit: limit)) }
        Clock.sleep(limit)
        return pause.pass(limit, isWritten: false)
    }
}
