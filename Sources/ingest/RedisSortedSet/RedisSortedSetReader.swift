import Logging
import Messages
import Queue
import Redis
import RedisSortedSet

/// Waits for requests and claims them, on a connection and a thread of its own.
actor RedisSortedSetReader {
    private let thread: QueueThread
    private let client: RedisClient
    private let watch: KeyWatch
    private let shared: RedisSortedSetState
    private let settings: RedisSortedSetSettings
    /// No wait is longer: leases expire and retries become due without a notification, and the source must show that it
    /// lives.
    private let maxWait: Duration
    private let retrySet: String
    private let logger: Logger
    private var claims: RedisSortedSetClaims
    /// Earliest time of the next scan of the retry set; scans are throttled while most entries they find belong to
    /// other queues.
    private var nextScan = ContinuousClock.now
    /// The last claim got fewer requests than it asked for: the next may empty the queue, and arms the server's
    /// notification.
    private var isShort = true
    /// No request is expected before this time, unless the server notifies of one.
    private var quietUntil: ContinuousClock.Instant?
    private var isReported = false
    private var unsaid = (missing: 0, corrected: 0)
    private var nextWord = ContinuousClock.now
    private var hasWarnedAboutCancellations = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        url: RedisURL, keys: RedisSortedSetKeys, settings: RedisSortedSetSettings, script: RedisScript,
        shared: RedisSortedSetState,
        logger: Logger
    ) {
        thread = QueueThread(name: "redis-claims")
        client = RedisClient(url)
        // A parked request wakes ingest as well, so that it knows when the next one is due. Other queues' retries do
        // not.
        watch = KeyWatch(client, keys: [keys.queue, keys.parked])
        self.shared = shared
        self.settings = settings
        maxWait = min(settings.lookInterval, settings.lease / 6)
        retrySet = keys.retrySet
        self.logger = logger
        claims = RedisSortedSetClaims(client: client, keys: keys, settings: settings, script: script)
    }

    func connect() throws(QueueError) {
        try shared.noting(.reader) { () throws(RedisError) in
            let report = try ServerReport(client)
            if let uptime = report.uptime, uptime < settings.holdAfterGap { shared.gap() }
            _ = try RedisRights.claiming.check(client)
            if isReported { return }
            isReported = true
            for warning in report.warnings { logger.warning("\(warning.message)", metadata: warning.metadata) }
            try watch.arm()
            if let refusal = watch.refusal {
                logger.warning(
                    "The server does not tell of arrivals; it is asked up to every 100 ms",
                    metadata: ["error": "\(refusal)"])
            }
        }
    }

    func lease(limit: Int, wakeUp: WakeUp) throws(QueueError) -> [Delivery] {
        try shared.noting(.reader) { () throws(RedisError) in
            while !Task.isCancelled {
                let before = client.connections
                try watch.arm()
                if client.connections != before {
                    quietUntil = nil
                    if before > 0 { shared.gap() }
                }
                if let until = quietUntil.take() {
                    try watch.wait(for: until - .now, wakeUp: wakeUp)
                    continue
                }
                let batch = try claim(limit)
                if !batch.deliveries.isEmpty { return batch.deliveries }
            }
            return []
        }
    }

    private func claim(_ limit: Int) throws(RedisError) -> RedisSortedSetClaims.Batch {
        let start = ContinuousClock.now
        let looks = start >= nextScan
        let batch = try claims.claim(
            limit: limit, looks: looks, takeOverUntil: shared.takeOverLimit(), telling: isShort ? watch : nil)
        shared.answered(at: claims.serverTime)
        isShort = batch.deliveries.count < limit
        if looks, batch.passed > 0 {
            // A retry set full of entries that stay there is costly to scan: one tenth of the time at most, and after a
            // complete scan, not before other programs may have added entries.
            let end = ContinuousClock.now
            nextScan = end + max((end - start) * 9, batch.isComplete ? settings.lookInterval : .zero)
        }
        if batch.isLast || (batch.deliveries.isEmpty && batch.isComplete && watch.question.isEmpty) {
            let until = start + min(batch.wait ?? maxWait, maxWait)
            quietUntil = nextScan > start ? min(until, nextScan) : until
        }
        if !batch.deliveries.isEmpty { watch.found() }
        report(batch)
        return batch
    }

    private func report(_ batch: RedisSortedSetClaims.Batch) {
        if batch.takenOver > 0 {
            shared.tookOver(batch.takenOver)
            logger.info("Expired leases were taken over", metadata: ["count": "\(batch.takenOver)"])
        }
        unsaid.missing += batch.missing
        unsaid.corrected += batch.corrected
        if unsaid != (0, 0), ContinuousClock.now >= nextWord {
            nextWord = .now + .seconds(10)
            reportOddities()
        }
        if let error = claims.cancellationReadError, !hasWarnedAboutCancellations {
            hasWarnedAboutCancellations = true
            logger.warning("Cancellations cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// They may come in thousands: logged together, every ten seconds at most.
    private func reportOddities() {
        if unsaid.missing > 0 {
            logger.warning(
                "Somebody else took parked requests from the retry set: they are not ours any more",
                metadata: ["count": "\(unsaid.missing)", "retry set": "\(retrySet)"])
        }
        if unsaid.corrected > 0 {
            logger.warning(
                "The server's clock was set back: what was parked waits as long as was meant, from now",
                metadata: ["count": "\(unsaid.corrected)"])
        }
        unsaid = (0, 0)
    }
}
