import Attempts
import GateRules
import Gates
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Pools
import Primitives
import Status

/// Watches the pools: what `Pools` decides is carried out here, logged, counted and shown.
@PipelineActor
final class PoolWatch {
    /// A pool may start something again.
    var onOpen: @PipelineActor () -> Void = {}
    /// There is something else to be told of pools.
    var onNews: @PipelineActor () -> Void = {}
    private var willTell = false

    private var pools: Pools
    private var metrics: PoolMetrics
    private let logger: Logger
    /// When a pool's next start is due, where a timer runs for it.
    private var wakeUps: [Int: Double] = [:]
    private var lastAlarm: [Int: Double] = [:]
    /// Pools that have metrics.
    private var shown = 0

    /// Gates of pools that have some.
    private var gates: Gates?
    private let gauges: GateGauges

    init(_ pools: Pools, logger: Logger, registry: MetricsRegistry) {
        self.pools = pools
        self.logger = logger
        metrics = PoolMetrics(registry: registry)
        metrics.show(slots: pools.slots)
        gauges = GateGauges(registry)
    }

    /// Begins to ask the gates of these pools.
    ///
    /// - Throws: when a source cannot be asked the way it is named.
    func openGates(_ settings: [PoolSettings], options: GateOptions) throws(GateSettingsError) {
        guard settings.contains(where: { $0.gate != .constant }) else { return }
        let host = GateHost(
            inFlight: { [weak self] in self?.pool($0)?.active ?? 0 },
            slots: { [weak self] in self?.pool($0)?.most ?? 0 },
            changed: { [weak self] in self?.gateChanged($0) })
        let gates = try Gates(
            settings.map { (.pool($0.id), $0.gate) }, options: options, host: host, logger: logger)
        self.gates = gates
        for pool in settings { gateChanged(.pool(pool.id)) }
        gates.start()
    }

    /// For `/status`.
    var gateStatuses: [StatusReport.Gate] { gates?.statuses.map(StatusReport.Gate.init) ?? [] }

    private func pool(_ owner: GateOwner) -> Pool? { pools[pools.pool(named: owner.name)] }

    private func gateChanged(_ owner: GateOwner) {
        guard let gates else { return }
        applyGate(pools.pool(named: owner.name), gates.state(of: owner))
        gauges.show(gates.statuses)
        onOpen()
    }

    private func applyGate(_ pool: Int, _ state: GateState) {
        let starts = state.starts.map { pools[pool].active + $0 }
        pools[pool].gateCap = state.isClosed ? 0 : [state.cap, starts].compactMap { $0 }.min()
        pools[pool].gateWords = state.why
    }

    /// A gate that counts starts has one less until its next reading, and none more because an attempt is over.
    private func countStart(_ pool: Int, isStart: Bool) {
        guard let gates else { return }
        let owner = GateOwner.pool(pools[pool].name)
        guard gates.plan(of: owner).judgesEach else { return }
        if isStart { _ = gates.verdict(for: GateRequest(), of: owner) }
        applyGate(pool, gates.state(of: owner))
    }

    private static func seconds(_ time: Duration) -> Double { time / .seconds(1) }
    private var now: Double { Self.seconds(EventLoop.shared.now) }

    /// - Parameters:
    ///   - name: the pool that the request names; empty for none.
    ///   - gateway, model: where it goes, and what it asks for.
    func pool(named name: String, gateway: String, model: String) -> Int {
        let known = pools.indices.count
        let pool = pools.pool(named: name, gateway: gateway, model: model)
        if pools.indices.count > known, !name.isEmpty, pools.isConfigured, !pools.isConfigured(name) {
            logger.warning(
                "Requests name a pool that is not in --pool-config-file: only --concurrency limits it",
                metadata: ["pool": "\(name)"])
        }
        return pool
    }

    /// Milliseconds after which nobody believes any more that a lane is full; said again each second.
    private static let fullFor = 2500

    /// Something else is to be told of pools: once for all that happens in some milliseconds.
    func tellSoon() {
        guard !willTell else { return }
        willTell = true
        EventLoop.shared.schedule(after: .milliseconds(20)) { [weak self] in
            self?.willTell = false
            self?.onNews()
        }
    }

    /// What is to be told of pools, closed ones first.
    ///
    /// - Parameters:
    ///   - full: pools of which some lanes are full.
    ///   - held: the queues of which nothing more is wanted, by pool, given which pools are closed.
    func notes(full: Set<Int>, held: ((Int) -> Bool) -> [Int: [String]]) -> [PoolNote] {
        var closedFor = pools.indices.map { Int((pools[$0].closedFor(at: now) * 1000).rounded(.up)) }
        let isHeld = closedFor.contains { $0 > 0 } || !full.isEmpty
        let held = isHeld ? held { [closedFor] in closedFor[$0] > 0 } : [:]
        for pool in full { closedFor[pool] = max(closedFor[pool], Self.fullFor) }
        let notes = pools.indices.map { pool in
            PoolNote(
                pool: pools[pool].name, base: Int(((pools[pool].ownBase ?? 0) * 1_000_000).rounded(.up)),
                closedFor: closedFor[pool], heldQueues: held[pool] ?? [])
        }
        let closed = notes.filter { $0.closedFor > 0 }
        return Array((closed + notes.filter { $0.closedFor == 0 && $0.base > 0 }).prefix(PoolNote.most))
    }

    /// Takes what other dispatch processes have measured.
    func hear(_ notes: [PoolNote]) { pools.hear(notes.map { ($0.pool, Double($0.base) / 1_000_000) }) }

    func isForUnknownModels(_ pool: Int) -> Bool { pools.isForUnknownModels(pool) }

    /// A gateway has answered for a model.
    func answers(_ gateway: String, model: String) { pools.answers(gateway, model: model) }

    func slots(_ pool: Int) -> Int { pools[pool].slots(at: now) }
    func isClosed(_ pool: Int) -> Bool { pools[pool].isClosed(at: now) }
    func mayStart(_ pool: Int) -> Bool { pools[pool].mayStart(at: now) }
    func name(of pool: Int) -> String { pools[pool].name }

    /// A closed pool says nothing about pools that have not been seen: so many slots are kept for them.
    var spareSlots: Int { pools.indices.contains { pools[$0].isClosed(at: now) } ? QuietTimes.slots : 0 }

    func started(_ pool: Int) {
        pools[pool].started(at: now)
        countStart(pool, isStart: true)
    }

    func ended(_ pool: Int, _ observation: Attempter.Observation, _ envelope: Envelope) {
        let now = now
        let end = AttemptEnd(observation, envelope, endedAt: now)
        note(pools[pool].ended(end, at: now, random: .random(in: 0..<1)), of: pool)
        countStart(pool, isStart: false)
        note(pools[pool].look(at: now, wallClock: Self.wallClock), of: pool)
        if pools.indices.count > shown {
            shown = pools.indices.count
            survey(waiting: { _ in 0 }, isHeld: { _ in false })
        }
    }

    private static var wallClock: Double { Double(WallClock.now().milliseconds) / 1000 }

    /// When the time has come for the next start of a pool for which something waits, it is tried.
    func wakeUp(where isWaited: (Int) -> Bool) {
        let now = now
        for pool in pools.indices where isWaited(pool) { wakeUp(pool, now) }
    }

    private func wakeUp(_ pool: Int, _ now: Double) {
        guard let due = pools[pool].nextStart(after: now), wakeUps[pool].map({ due < $0 || $0 <= now }) ?? true else {
            return
        }
        wakeUps[pool] = due
        EventLoop.shared.schedule(after: .seconds(due - now)) { [weak self] in
            guard let self else { return }
            if wakeUps[pool] == due { wakeUps[pool] = nil }
            onOpen()
        }
    }

    /// A few times a second.
    ///
    /// - Parameter urgentPart: of what waits for a pool, the part that has less than so many seconds left.
    func look(urgentPart: (Int, Double) -> Double) {
        for pool in pools.indices {
            if let time = pools[pool].urgentTime { pools[pool].setUrgency(urgentPart(pool, time)) }
            note(pools[pool].look(at: now, wallClock: Self.wallClock), of: pool)
        }
    }

    /// Once a second.
    ///
    /// - Parameters:
    ///   - waiting: how many requests wait for a pool.
    ///   - isHeld: whether its gateway is away.
    func survey(waiting: (Int) -> Int, isHeld: (Int) -> Bool) {
        for (pool, figures) in figures(waiting: waiting, isHeld: isHeld) { metrics.show(pools[pool], figures) }
        metrics.show(slots: pools.slots)
    }

    func figures(waiting: (Int) -> Int, isHeld: (Int) -> Bool) -> [(pool: Int, figures: Pool.Figures)] {
        pools.indices.map { ($0, pools[$0].figures(at: now, waiting: waiting($0), isHeld: isHeld($0))) }
    }

    /// Why nothing more of a pool may start, for a request that has waited for it.
    func words(of pool: Int, waiting: Int) -> String {
        let figures = pools[pool].figures(at: now, waiting: max(1, waiting), isHeld: false)
        return "it waited for a slot: \(pools[pool].name): \(figures.words)"
    }

    private func note(_ event: Pool.Event?, of pool: Int) {
        guard let event else { return }
        var metadata: Logger.Metadata = ["pool": "\(pools[pool].name)"]
        func milliseconds(_ value: Double) -> String { "\((value * 10_000).rounded() / 10)" }
        switch event {
        case .alarm(let observed, let target, let limit):
            // Every burst of users has some: one line per minute tells it.
            guard lastAlarm[pool].map({ now - $0 >= 60 }) ?? true else { return }
            lastAlarm[pool] = now
            metadata["token_ms"] = "\(milliseconds(observed))"
            metadata["target_ms"] = "\(milliseconds(target))"
            metadata["limit"] = "\(Int(limit))"
            logger.info("A pool has become slow; there is room made for others", metadata: metadata)
        case .base(let base):
            metadata["token_ms"] = "\(milliseconds(base))"
            logger.info("A pool's time per token without asynchronous work is known", metadata: metadata)
        case .closed(let seconds, let byGateway):
            onNews()
            metadata["seconds"] = "\((seconds * 10).rounded() / 10)"
            logger.notice(
                byGateway
                    ? "A gateway wants no requests for a while"
                    : "A gateway refuses everything; it is asked more seldom",
                metadata: metadata)
        }
    }
}

extension AttemptEnd {
    /// - Parameter now: seconds on the loop's clock.
    init(_ observation: Attempter.Observation, _ envelope: Envelope, endedAt now: Double) {
        self.init(sent: now - observation.latency / .seconds(1), outcome: Outcome(observation, envelope))
    }
}

extension AttemptEnd.Outcome {
    fileprivate init(_ observation: Attempter.Observation, _ envelope: Envelope) {
        let load = observation.load
        let retryAfter = load.retryAfter.map { $0 / .seconds(1) }
        switch observation.finding {
        case .answered(503) where retryAfter == nil && load.dropped == nil:
            // It is out of order rather than full.
            self = .none
        case .answered(429), .answered(503):
            switch load.dropped {
            case .expired: self = .expired
            case .evicted: self = .none
            case .saturated, nil: self = .refused(request: envelope.id.hashValue, retryAfter: retryAfter)
            }
        case .answered where load.figures != nil:
            self = .answered(AttemptEnd.Work(load, requestBytes: envelope.payload.count))
        case .late: self = .late
        case .answered, .unreached, .lost, .none: self = .none
        }
    }
}

extension AttemptEnd.Work {
    fileprivate init(_ load: LoadWord, requestBytes: Int) {
        let figures = load.figures ?? AnswerFigures()
        let meanTokenTime = figures.meanTokenTime.map { $0 / .seconds(1) }.flatMap { $0 > 0 ? $0 : nil }
        // Where others wait in the engine it is full, however short this one's wait was.
        let wait: Duration? = load.engineWaiting.map { $0 > 0 ? .seconds(1) : .zero }
        let queueTimes = [figures.engineQueueTime, figures.gatewayQueueTime, wait].compactMap {
            $0.map { $0 / .seconds(1) }
        }
        let hasUsage = figures.completionTokens != nil || figures.promptTokens != nil
        // A byte is about a quarter of a token.
        self.init(
            source: meanTokenTime != nil ? .engine : hasUsage ? .usage : .bytes,
            promptTokens: hasUsage ? Double(figures.promptTokens ?? 0) : Double(requestBytes) / 4,
            cachedTokens: Double(figures.cachedTokens ?? 0),
            completionTokens: hasUsage ? Double(figures.completionTokens ?? 0) : Double(load.bytes) / 4,
            meanTokenTime: meanTokenTime,
            queueTime: queueTimes.max())
    }
}
