/// Replicas, the gateway before them and the users beside, as one value: times go in, what happened comes out.
///
/// Whoever uses it says what time it is, and never goes back. Times are seconds since the start.
struct CapacityModel: Sendable {
    private let settings: CapacitySettings
    private(set) var pool: ReplicaPool
    private(set) var books: CapacityBooks
    private var users: OnlineUsers?
    private var bursts: OnlineBursts?
    private var nextLine: Double?
    /// Lines of the report that nobody has taken yet.
    private var lines: [String] = []

    /// - Parameter reports: Whether it writes lines.
    init(_ settings: CapacitySettings, reports: Bool = false) {
        self.settings = settings
        pool = ReplicaPool(settings)
        books = CapacityBooks(span: settings.reportSpan)
        users = settings.online.map { OnlineUsers($0, replicas: settings.replicas) }
        bursts = settings.online.map(OnlineBursts.init)
        nextLine = reports ? settings.reportEvery : nil
    }

    /// When something happens next; `nil` when nothing will.
    var nextEvent: Double? {
        let next = min(pool.nextEvent ?? .infinity, users?.next.sent ?? .infinity, nextLine ?? .infinity)
        return next < .infinity ? next : nil
    }

    /// Goes on to `now`; what happened meanwhile to requests that came over HTTP.
    mutating func advance(to now: Double) -> [ReplicaPool.Event] {
        var events: [ReplicaPool.Event] = []
        while let time = nextEvent, time <= now {
            if time == pool.nextEvent {
                for event in pool.step() { note(event, &events) }
            } else if time == nextLine {
                lines.append(books.line(at: time, pool, isBurst: bursts?.isOn(at: time) ?? false))
                nextLine = time + settings.reportEvery
            } else if let user = users?.take() {
                books.came(user, pool.submit(user, at: time))
            }
        }
        return events
    }

    /// Takes a request that comes over HTTP; `advance` to its time of sending first.
    mutating func submit(_ job: CapacityJob) -> ReplicaPool.Verdict {
        let verdict = pool.submit(job, at: job.sent)
        books.came(job, verdict)
        return verdict
    }

    /// Drops a request whose client has gone; `advance` to `now` first.
    mutating func cancel(_ id: Int, at now: Double) { pool.cancel(id, at: now) }

    mutating func takeLines() -> [String] {
        defer { lines = [] }
        return lines
    }

    private mutating func note(_ event: ReplicaPool.Event, _ events: inout [ReplicaPool.Event]) {
        switch event {
        case .ended(let job):
            books.ended(job)
            if !job.isOnline { events.append(event) }
        case .expired(let job):
            books.gaveUp(job)
            events.append(event)
        }
    }
}
