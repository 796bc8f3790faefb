import Logging

/// Messages that the server refused to store while it stored others: mostly too large for its free memory.
///
/// They wait here, without blocking other messages, and are retried with growing back-off. A message that has waited
/// for ten minutes, or for which there is no room here, is given up, counted and logged.
struct Asides {
    private struct Aside {
        /// A batch of one message, which has a series of its own: no other ingest takes it any more.
        var batch: Arrivals.Batch
        let since: ContinuousClock.Instant
        var tries = 0
        var next: ContinuousClock.Instant

        var size: Int { batch.messages.reduce(0) { $0 + $1.bytes.count } }
    }

    private static let most = 64
    private static let maxBytes = 64 << 20
    private static let patience = Duration.seconds(600)
    private static let maxPause = Duration.seconds(30)
    private static let linePause = Duration.seconds(60)

    private let queue: String
    private let logger: Logger
    private var waiting: [Aside] = []
    private var nextLine = ContinuousClock.now
    private var untold = 0

    init(queue: String, logger: Logger) {
        self.queue = queue
        self.logger = logger
    }

    /// When the next is to be tried.
    var next: ContinuousClock.Instant? { waiting.first?.next }

    private var bytes: Int { waiting.reduce(0) { $0 + $1.size } }

    /// Keeps a message that was put aside.
    ///
    /// - Parameter owner: names its lease, and its series.
    /// - Returns: 1 if it is given up at once, because there is no room.
    mutating func add(
        _ message: Arrivals.Message, owner: String, reason: String, now: ContinuousClock.Instant
    ) -> Int {
        let hasRoom =
            waiting.isEmpty || (waiting.count < Self.most && bytes + message.bytes.count <= Self.maxBytes)
        guard hasRoom else {
            say(1, reason, now)
            return 1
        }
        let own = Arrivals.Message(
            bytes: message.bytes, heardAt: message.heardAt, place: Numbering.Place(series: owner, number: 1))
        insert(
            Aside(
                batch: Arrivals.Batch(messages: [own], claims: 0, owner: owner), since: now, next: now + .seconds(1)))
        return 0
    }

    /// The batch to be tried now; `stored` or `refused` must follow.
    func due(now: ContinuousClock.Instant) -> Arrivals.Batch? {
        waiting.first.flatMap { $0.next <= now ? $0.batch : nil }
    }

    mutating func stored() { waiting.removeFirst() }

    /// - Returns: 1 if it is given up.
    mutating func refused(_ reason: String, now: ContinuousClock.Instant) -> Int {
        var aside = waiting.removeFirst()
        guard now - aside.since < Self.patience else {
            say(1, reason, now)
            return 1
        }
        aside.batch.isRepeated = true
        aside.tries += 1
        aside.next = now + min(.seconds(1 << min(aside.tries, 6)), Self.maxPause)
        insert(aside)
        return 0
    }

    /// Gives up all messages that wait here, and counts as many more.
    mutating func leave(_ more: Int, now: ContinuousClock.Instant) -> Int {
        let dropped = waiting.count + more
        waiting = []
        nextLine = now
        say(dropped, "the stage ends", now)
        return dropped
    }

    private mutating func insert(_ aside: Aside) {
        let place = waiting.firstIndex { $0.next > aside.next } ?? waiting.count
        waiting.insert(aside, at: place)
    }

    private mutating func say(_ dropped: Int, _ reason: String, _ now: ContinuousClock.Instant) {
        untold += dropped
        guard untold > 0, now >= nextLine else { return }
        nextLine = now + Self.linePause
        logger.warning(
            "Messages heard on the channel are lost: the server would not store them",
            metadata: [
                "queue": "\(queue)", "count": "\(untold)", "error": "\(reason)",
                "remedy": "more memory (maxmemory), or smaller messages",
            ])
        untold = 0
    }
}
