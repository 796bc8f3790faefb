import DequeModule

/// Replicas behind a gateway that chooses one for each request, and that refuses or holds back the less important ones
/// while the replicas are saturated.
struct ReplicaPool: Sendable {
    /// What becomes of a request when it comes.
    enum Verdict: Sendable, Equatable { case accepted, held, refused }

    /// What has happened.
    enum Event: Sendable, Equatable {
        case ended(CapacityJob)
        /// It was held back for as long as is allowed.
        case expired(CapacityJob)
    }

    private let settings: CapacitySettings
    private(set) var replicas: [Replica]
    private var held = Deque<CapacityJob>()
    /// When the gateway looks again whether it can pass on what it holds back.
    private var nextRelease: Double?
    private var turn = 0
    /// Which replica a request is on.
    private var places: [Int: Int] = [:]
    private var seen = (saturation: 0.0, at: -Double.infinity)

    /// How old the gateway's view of its replicas may be.
    static let viewAge = 0.1
    /// Time between two requests that are passed on after they were held back.
    static let releasePause = 0.02

    init(_ settings: CapacitySettings) {
        self.settings = settings
        replicas = Array(repeating: Replica(settings), count: settings.replicas)
    }

    var heldCount: Int { held.count }
    var runningCount: Int { replicas.reduce(0) { $0 + $1.runningCount } }
    var waitingCount: Int { replicas.reduce(held.count) { $0 + $1.waitingCount } }
    var onlineRunningCount: Int { replicas.reduce(0) { $0 + $1.onlineRunningCount } }
    var onlineWaitingCount: Int { replicas.reduce(0) { $0 + $1.onlineWaitingCount } }
    /// Seconds a step takes, the mean over all replicas.
    var stepTime: Double { replicas.reduce(0) { $0 + $1.stepTime } / Double(replicas.count) }

    /// When something happens next; `nil` when nothing is here.
    var nextEvent: Double? {
        let next = min(nextReplica?.time ?? .infinity, nextRelease ?? .infinity)
        return next < .infinity ? next : nil
    }

    /// Takes a request, at a time that is not after `nextEvent`.
    mutating func submit(_ job: CapacityJob, at now: Double) -> Verdict {
        if job.isSheddable, let limit = settings.shedAt {
            let isSaturated = saturation(now) >= limit
            if isSaturated, settings.hold == nil { return .refused }
            if settings.hold != nil, isSaturated || !held.isEmpty {
                held.append(job)
                if nextRelease == nil { nextRelease = now + Self.releasePause }
                return .held
            }
        }
        place(job, at: now)
        return .accepted
    }

    /// Drops a request whose client has gone, at a time that is not after `nextEvent`.
    mutating func cancel(_ id: Int, at now: Double) {
        if let index = places.removeValue(forKey: id) {
            replicas[index].cancel(id, at: now)
        } else {
            held.removeAll { $0.id == id }
            if held.isEmpty { nextRelease = nil }
        }
    }

    /// Goes to the next event.
    mutating func step() -> [Event] {
        let replica = nextReplica
        if let release = nextRelease, release <= replica?.time ?? .infinity { return self.release(at: release) }
        guard let replica, let job = replicas[replica.index].turn() else { return [] }
        places[job.id] = nil
        return [.ended(job)]
    }

    private var nextReplica: (index: Int, time: Double)? {
        var next: (index: Int, time: Double)?
        for index in replicas.indices {
            if let time = replicas[index].nextEvent, time < next?.time ?? .infinity { next = (index, time) }
        }
        return next
    }

    /// The replica with the fewest requests; among equals they take turns.
    private mutating func place(_ job: CapacityJob, at now: Double) {
        turn += 1
        let count = replicas.count
        let index = replicas.indices.min { a, b in
            (replicas[a].load, (a + turn) % count) < (replicas[b].load, (b + turn) % count)
        }
        var job = job
        job.placed = now
        job.replica = index ?? 0
        places[job.id] = job.replica
        replicas[job.replica].submit(job, at: now)
    }

    private mutating func release(at now: Double) -> [Event] {
        var events: [Event] = []
        while let first = held.first, now - first.sent >= settings.hold ?? 0 {
            events.append(.expired(held.removeFirst()))
        }
        if saturation(now) < settings.shedAt ?? .infinity, let job = held.popFirst() { place(job, at: now) }
        nextRelease = held.isEmpty ? nil : now + Self.releasePause
        return events
    }

    private mutating func saturation(_ now: Double) -> Double {
        if now - seen.at >= Self.viewAge {
            let sum = replicas.reduce(0.0) { sum, replica in
                sum
                    + max(
                        Double(replica.waitingCount) / 5,
                        Double(replica.runningCount) / (0.8 * Double(settings.maxRunning)))
            }
            seen = (sum / Double(replicas.count), now)
        }
        return seen.saturation
    }
}
