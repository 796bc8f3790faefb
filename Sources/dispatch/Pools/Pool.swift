/// Requests that share engines, from whatever queues they come, and how many of them this process may have there.
///
/// Several limits meet here, and the least one counts: what the time per token allows, what the gateway does not
/// refuse, what a gate allows, and `--concurrency`.
///
/// A value: time and random numbers are passed in; all times are seconds.
package struct Pool: Sendable, Equatable {
    /// Why there are not more requests at a pool.
    package enum LimitedBy: String, Sendable, CaseIterable {
        /// Tokens would take longer than the target.
        case target
        /// The gateway refuses more.
        case shed
        /// The gateway has named a time until which it wants nothing.
        case retryAfter = "retry_after"
        /// The gateway cannot be reached, or refuses the credentials.
        case breaker
        /// `--concurrency`.
        case cap
        /// Starts are spread over time.
        case pace
        /// It is a quiet time, in which the base is measured.
        case quiet
        /// A gate.
        case gate
        /// There are no more requests.
        case noWork = "no_work"
    }

    package enum CutReason: String, Sendable, CaseIterable {
        case alarm
        case shed
        case ttl
        case queue
    }

    /// What is worth a line in the log.
    package enum Event: Sendable, Equatable {
        case alarm(observed: Double, target: Double, limit: Double)
        case base(Double)
        case closed(seconds: Double, byGateway: Bool)
    }

    package let name: String
    private let settings: PoolLimits
    private var tokens: TokenLimiter
    private var refusals = RefusalLimiter()
    private var pace = StartPace()
    /// Steps of the last answers: what an attempt would have been that was not answered.
    private var steps = Readings(capacity: 32)
    private var queueTimes = Readings(capacity: 8)
    private var lastLook = -1.0
    private var mostActive = 0
    private var expiredAt = -1.0
    /// Slots that a gate leaves it; `nil`: as many as there are.
    package var gateCap: Int?
    /// The gate in words; empty without one.
    package var gateWords = ""
    /// Attempts under way.
    package private(set) var active = 0
    package private(set) var cuts: [CutReason: Int] = [:]
    package private(set) var samples: [AttemptEnd.Work.Source: Int] = [:]
    package private(set) var promptTokens = 0
    package private(set) var completionTokens = 0

    /// A request waits this long for an engine at most before that is taken for a full one.
    private static let longestQueueTime = 0.05
    private static let lookInterval = 0.05

    package init(name: String, settings: PoolLimits) {
        self.name = name
        self.settings = settings
        var parameters = TokenLimiter.Parameters(
            target: settings.target, stretch: settings.stretch, most: Double(settings.concurrency))
        if !settings.isAdaptive { parameters.quiet.every = 0 }
        tokens = TokenLimiter(parameters)
    }

    /// The most attempts that there ever are at once.
    package var most: Int { settings.concurrency }

    /// What a token takes without asynchronous work, as this process has measured it; seconds.
    package var ownBase: Double? { tokens.quiet.base }

    /// The least that another process has measured, while it says so.
    package var heardBase: Double? {
        get { tokens.heardBase }
        set { tokens.heardBase = newValue }
    }

    /// Attempts at once that settings and gates allow.
    package var cap: Int { min(settings.concurrency, gateCap ?? .max) }

    // MARK: - What may start

    /// What the time per token allows.
    private var limit: Double { settings.isAdaptive ? tokens.limit : Double(settings.concurrency) }

    /// Attempts that there may be at once.
    package func slots(at now: Double) -> Int {
        guard now >= refusals.closedUntil else { return 0 }
        var slots = min(limit, refusals.places ?? .infinity)
        if isQuiet { slots = min(slots, Double(QuietTimes.slots)) }
        return max(0, min(Int(slots), gateCap ?? .max))
    }

    private var isQuiet: Bool { settings.isAdaptive && tokens.quiet.isListening }

    package func isClosed(at now: Double) -> Bool { now < refusals.closedUntil || gateCap == 0 }

    /// Seconds until it is open again.
    package func closedFor(at now: Double) -> Double { max(0, refusals.closedUntil - now) }

    package mutating func mayStart(at now: Double) -> Bool {
        active < slots(at: now) && refusals.mayStart(at: now, active: active)
            && (!settings.isAdaptive || pace.mayStart(at: now))
    }

    /// When the next one may start, as far as time is what it waits for; `nil` if it is not.
    package func nextStart(after now: Double) -> Double? {
        let refused = refusals.nextStart(after: now)
        guard settings.isAdaptive, active < slots(at: now), let paced = pace.nextStart(after: now) else {
            return refused
        }
        return max(refused ?? paced, paced)
    }

    package mutating func started(at now: Double) {
        active += 1
        mostActive = max(mostActive, active)
        refusals.started(at: now)
        pace.started()
    }

    // MARK: - Urgency

    /// A request that has less time left is urgent; `nil` where urgency changes nothing.
    package var urgentTime: Double? {
        settings.urgentStretch == nil || !settings.isAdaptive ? nil : tokens.latency.map { 4 * $0 }
    }

    /// Lets tokens take longer, the more of what waits is urgent.
    ///
    /// - Parameter part: of what waits; 0...1.
    package mutating func setUrgency(_ part: Double) {
        guard let urgent = settings.urgentStretch else { return }
        tokens.leniency = 1 + part * (urgent / settings.stretch - 1)
    }

    // MARK: - What is learned

    /// An attempt is over.
    ///
    /// - Parameter random: a number in 0..<1, a new one each time.
    package mutating func ended(_ end: AttemptEnd, at now: Double, random: Double) -> Event? {
        defer { active -= 1 }
        switch end.outcome {
        case .answered(let work): answered(work, sent: end.sent, at: now)
        case .refused(let request, let retryAfter):
            return refused(request, sent: end.sent, retryAfter: retryAfter, at: now, random: random)
        case .expired:
            guard end.sent >= expiredAt else { return nil }
            expiredAt = now
            cut(0.9, .ttl, at: now)
        case .late:
            // There is no longer latency.
            guard let median = steps.median else { return nil }
            tokens.answered(sent: end.sent, now: now, timePerToken: (now - end.sent) / median)
        case .none: break
        }
        return nil
    }

    private mutating func answered(_ work: AttemptEnd.Work, sent: Double, at now: Double) {
        refusals.answered(sent: sent, at: now, active: active)
        samples[work.source, default: 0] += 1
        if work.source != .bytes {
            promptTokens &+= Int(work.promptTokens)
            completionTokens &+= Int(work.completionTokens)
        }
        let count = work.steps(chunk: settings.chunk)
        steps.add(count)
        if let queueTime = work.queueTime, sent >= tokens.lastCut { queueTimes.add(queueTime) }
        tokens.answered(sent: sent, now: now, timePerToken: work.meanTokenTime ?? (now - sent) / count)
    }

    private mutating func refused(
        _ request: Int, sent: Double, retryAfter: Double?, at now: Double, random: Double
    ) -> Event? {
        let closedBefore = refusals.closedUntil
        let cut = refusals.refused(
            request, sent: sent, at: now, active: active - 1, retryAfter: retryAfter, random: random)
        switch cut {
        case .none: break
        case .places: cuts[.shed, default: 0] += 1
        case .rate(let flights):
            cuts[.shed, default: 0] += 1
            // Now and then is the price of finding out; again and again there is no room.
            if flights > 1, settings.isAdaptive { tokens.cut(0.5, now: now) }
        }
        guard refusals.closedUntil > closedBefore, closedBefore <= now else { return nil }
        return .closed(seconds: refusals.closedUntil - now, byGateway: refusals.isClosedByGateway)
    }

    private mutating func cut(_ factor: Double, _ reason: CutReason, at now: Double) {
        guard settings.isAdaptive else { return }
        cuts[reason, default: 0] += 1
        tokens.cut(factor, now: now)
        queueTimes.removeAll()
    }

    /// Looks at what has come; to be called with each end of an attempt and a few times a second.
    ///
    /// - Parameters:
    ///   - now: a monotonic clock.
    ///   - wallClock: seconds since 1970.
    package mutating func look(at now: Double, wallClock: Double) -> Event? {
        guard settings.isAdaptive, now - lastLook >= Self.lookInterval else { return nil }
        lastLook = now
        defer {
            mostActive = active
            pace.set(limit: tokens.limit, flight: max(0.0005, tokens.latency ?? tokens.flight))
        }
        if queueTimes.count >= 4, let median = queueTimes.median, median > Self.longestQueueTime {
            cut(1 / 2.25, .queue, at: now)
            return nil
        }
        switch tokens.look(now: now, wallClock: wallClock, inFlight: mostActive) {
        case .alarm(let observed, let target):
            cuts[.alarm, default: 0] += 1
            queueTimes.removeAll()
            return .alarm(observed: observed, target: target, limit: tokens.limit)
        case .base(let base): return .base(base)
        case nil: return nil
        }
    }

    // MARK: - What is said

    /// How the pool is, for people.
    package func figures(at now: Double, waiting: Int, isHeld: Bool) -> Figures {
        Figures(
            limit: limit, active: active, cap: cap, observed: tokens.observed,
            target: settings.isAdaptive ? tokens.target : nil, base: tokens.base, quiet: tokens.quiet.latest,
            closedFor: closedFor(at: now), places: refusals.places, rate: refusals.rate,
            limitedBy: limitedBy(at: now, waiting: waiting, isHeld: isHeld), gateWords: gateWords)
    }

    private func limitedBy(at now: Double, waiting: Int, isHeld: Bool) -> LimitedBy {
        if isHeld { return .breaker }
        if now < refusals.closedUntil { return refusals.isClosedByGateway ? .retryAfter : .shed }
        if gateCap == 0 { return .gate }
        if waiting == 0, active < slots(at: now) { return .noWork }
        if isQuiet { return .quiet }
        guard active >= slots(at: now) else { return refusals.nextStart(after: now) == nil ? .pace : .shed }
        if let gateCap, Double(gateCap) <= min(limit, refusals.places ?? .infinity) { return .gate }
        if let places = refusals.places, places < limit { return .shed }
        return limit < Double(settings.concurrency) ? .target : .cap
    }
}
