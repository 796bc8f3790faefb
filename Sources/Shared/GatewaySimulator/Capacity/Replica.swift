import HeapModule

/// One model server: all of its requests advance at the same pace, and the more they are the slower it is.
///
/// Tokens are not simulated one by one. `steps` counts how many each running request could have had since the start; a
/// request that starts at some count has its first token and its end at counts known at once, two entries in a heap. Only
/// the time of the next one depends on how many others run.
struct Replica: Sendable {
    private let settings: CapacitySettings
    /// Steps done since the start.
    private var steps = 0.0
    /// When `steps` was as it says.
    private var then = 0.0
    private var running: [Int: CapacityJob] = [:]
    private var waiting: [Int: CapacityJob] = [:]
    private var milestones = Heap<Milestone>()
    private var queue = Heap<Place>()
    private var submitted = 0
    /// Milestones reached so far: two for each request, however long it is.
    private(set) var reached = 0

    init(_ settings: CapacitySettings) { self.settings = settings }

    var runningCount: Int { running.count }
    var waitingCount: Int { waiting.count }
    var load: Int { running.count + waiting.count }
    var onlineRunningCount: Int { running.values.count { $0.isOnline } }
    var onlineWaitingCount: Int { waiting.values.count { $0.isOnline } }

    /// Seconds that a step takes now.
    var stepTime: Double { settings.tokenTime + settings.tokenTimePerRequest * Double(running.count) }

    /// When the next request has its first or its last token; `nil` when nothing runs.
    var nextEvent: Double? { milestones.min.map { then + max(0, $0.at - steps) * stepTime } }

    /// Takes a request at a time that is not after `nextEvent`.
    mutating func submit(_ job: CapacityJob, at now: Double) {
        advance(to: now)
        submitted += 1
        let rank = settings.scheduling == .priority && job.isSheddable ? 1 : 0
        queue.insert(Place(rank: rank, order: submitted, id: job.id))
        waiting[job.id] = job
        admit()
    }

    /// Drops a request whose client has gone; harmless for one that is not here.
    mutating func cancel(_ id: Int, at now: Double) {
        advance(to: now)
        running[id] = nil
        waiting[id] = nil
        admit()
    }

    /// Goes to the next event; the request, if it was its end.
    mutating func turn() -> CapacityJob? {
        guard let now = nextEvent, let milestone = milestones.popMin() else { return nil }
        (steps, then) = (milestone.at, now)
        reached += 1
        defer { admit() }
        guard milestone.isEnd else {
            running[milestone.id]?.first = now
            return nil
        }
        var job = running.removeValue(forKey: milestone.id)
        job?.ended = now
        return job
    }

    private mutating func advance(to now: Double) {
        if !running.isEmpty { steps += (now - then) / stepTime }
        then = now
    }

    /// Starts what there is room for, and forgets what has been cancelled.
    private mutating func admit() {
        while running.count < settings.maxRunning, let place = queue.popMin() {
            guard var job = waiting.removeValue(forKey: place.id) else { continue }
            job.started = then
            let first = steps + 1 + Double(job.promptTokens) / settings.promptTokensPerStep
            let end = first + Double(job.outputTokens - 1)
            milestones.insert(Milestone(at: first, order: place.order, isEnd: false, id: job.id))
            milestones.insert(Milestone(at: end, order: place.order, isEnd: true, id: job.id))
            running[job.id] = job
        }
        while let next = milestones.min, running[next.id] == nil { milestones.removeMin() }
        while let next = queue.min, waiting[next.id] == nil { queue.removeMin() }
    }

    /// The first or the last token of a request.
    private struct Milestone: Comparable {
        /// How many steps are done then.
        var at: Double
        var order: Int
        var isEnd: Bool
        var id: Int

        static func < (a: Milestone, b: Milestone) -> Bool {
            if a.at != b.at { return a.at < b.at }
            return a.order != b.order ? a.order < b.order : !a.isEnd && b.isEnd
        }
    }

    /// A place in the queue.
    private struct Place: Comparable {
        var rank: Int
        var order: Int
        var id: Int

        static func < (a: Place, b: Place) -> Bool { (a.rank, a.order) < (b.rank, b.order) }
    }
}
