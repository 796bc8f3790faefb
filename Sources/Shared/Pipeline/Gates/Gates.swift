package import GateRules
import HTTP
package import Logging
package import Loop
import Primitives
import Redis

/// The gates of the pools or queues of one process.
///
/// Their sources are asked now and then, beside the data path; what they allow is always at hand. Where a request has to be
/// asked for (`GatePlan.needsServer`), `admit` does that for many at once.
@PipelineActor
package final class Gates {
    private let options: GateOptions
    private let host: GateHost
    private let logger: Logger
    private var sets: [GateOwner: GateSet] = [:]
    private let order: [GateOwner]
    private var servers: [String: GateRedis] = [:]
    private var quotas: [String: Quotas] = [:]
    private var pollers: [GatePoller] = []

    /// - Parameters:
    ///   - settings: of each pool or queue once.
    ///   - host: what is asked of the stage.
    /// - Throws: when a source cannot be asked the way it is named.
    package init(
        _ settings: [(owner: GateOwner, gate: GateSettings)], options: GateOptions, host: GateHost, logger: Logger
    ) throws(GateSettingsError) {
        self.options = options
        self.host = host
        self.logger = logger
        order = settings.map(\.owner)
        let date = WallClock.now().milliseconds
        for (owner, gate) in settings { sets[owner] = GateSet(gate, of: owner, date: date) }
        try makePollers()
    }

    /// Begins to ask the sources; until one has answered, nothing starts that it decides on.
    package func start() {
        for poller in pollers { poller.start() }
    }

    /// Asks nobody any more, and gives back what requests still hold, as far as the servers answer at once.
    package func stop() async {
        for poller in pollers { poller.stop() }
        for quotas in quotas.values { await quotas.finish() }
    }

    // MARK: - What they say

    /// What may start now; everything where there is no gate.
    package func state(of owner: GateOwner) -> GateState {
        guard let set = sets[owner] else { return GateState() }
        return set.plan.state(set.findings(host, at: EventLoop.currentTime))
    }

    /// What these gates have to know of a request, and whether they judge each one.
    package func plan(of owner: GateOwner) -> GatePlan { sets[owner]?.plan ?? GatePlan(.constant) }

    /// All gates, in the order of their settings.
    package var statuses: [GateStatus] {
        let now = EventLoop.currentTime
        return order.flatMap { sets[$0]?.gates.map { $0.status(at: now) } ?? [] }
    }

    /// What becomes of one request.
    ///
    /// - Returns: `nil` when a server has to be asked: then `admit` tells.
    package func verdict(for request: GateRequest, of owner: GateOwner) -> GateDecision? {
        guard let set = sets[owner] else { return GateDecision(.go, classification: request.classification) }
        guard case .done(let decision) = step(request, set, [:]) else { return nil }
        return decision
    }

    /// What becomes of several requests, in the order in which they should go; servers are asked for all at once.
    package func admit(_ requests: [GateRequest], of owner: GateOwner) async -> [GateDecision] {
        var decisions = [GateDecision?](repeating: nil, count: requests.count)
        var answers = [[Int: GatePlan.Answer]](repeating: [:], count: requests.count)
        while true {
            var asked: [Int: [Int]] = [:]
            for index in requests.indices where decisions[index] == nil {
                guard let set = sets[owner] else {
                    decisions[index] = GateDecision(.go, classification: requests[index].classification)
                    continue
                }
                switch step(requests[index], set, answers[index]) {
                case .ask(let leaf): asked[leaf, default: []].append(index)
                case .done(let decision): decisions[index] = settled(decision, answers[index])
                }
            }
            if asked.isEmpty { return decisions.compactMap(\.self) }
            for (leaf, indices) in asked.sorted(by: { $0.key < $1.key }) {
                let found = await ask(leaf, of: owner, indices.map { requests[$0] })
                for (index, answer) in zip(indices, found) { answers[index][leaf] = answer }
            }
        }
    }

    /// Requests that held these have ended, whatever came of them.
    ///
    /// - Parameter hasRun: `false` for what was not sent after all: it says nothing of how long places are held.
    package func ended(_ reservations: [GateReservation], hasRun: Bool = true) {
        for (address, mine) in Dictionary(grouping: reservations, by: \.quota.address) {
            quotas[address]?.giveBack(mine, hasRun: hasRun)
        }
    }

    private func step(_ request: GateRequest, _ set: GateSet, _ answers: [Int: GatePlan.Answer]) -> GatePlan.Step {
        let step = set.plan.step(request, set.findings(host, at: EventLoop.currentTime), answers)
        if case .done(let decision) = step, decision.verdict == .go { sets[set.owner]?.go() }
        return step
    }

    /// What was taken for a request that does not go is given back; what only counts starts is not held on to.
    private func settled(_ decision: GateDecision, _ answers: [Int: GatePlan.Answer]) -> GateDecision {
        var decision = decision
        if decision.verdict != .go { ended(answers.values.compactMap(\.reservation), hasRun: false) }
        decision.reservations.removeAll { $0.quota.mode == .rate }
        return decision
    }

    private func ask(_ leaf: Int, of owner: GateOwner, _ requests: [GateRequest]) async -> [GatePlan.Answer] {
        switch sets[owner]?.gates[leaf].leaf.settings {
        case .quota(let quota)?:
            guard let quotas = quotas[quota.address] else { break }
            let before = quotas.refusals
            let answers = await quotas.take(quota, requests.map { $0.metadata[quota.attribute] })
            if quotas.refusals != before { tell(quotas.news, at: quota.address) }
            return answers
        case .leasedRate(let rate)?: return await take(requests.count, of: rate, leaf, owner)
        default: break
        }
        return requests.map { _ in GatePlan.Answer(.go) }
    }

    private func take(
        _ count: Int, of rate: LeasedRateSettings, _ leaf: Int, _ owner: GateOwner
    ) async -> [GatePlan.Answer] {
        guard let server = servers[rate.address] else { return [] }
        let reply: RedisReply
        do throws(RedisError) { reply = try await server.run([GateScripts.take(rate, tokens: count)])[0] } catch {
            return refusals(count, "the leased rate cannot be asked: \(error)", after: .seconds(1), .error)
        }
        guard let numbers = reply.array?.compactMap(\.integer), numbers.count == 2 else {
            let reason = reply.error ?? "an answer that is not understood"
            return refusals(count, "\(rate.stateKey) on \(server.url): \(reason)", after: .seconds(1), .error)
        }
        let granted = min(count, max(0, Int(clamping: numbers[0])))
        // A lease may allow more at any time: it is not waited for longer than until the next look at it.
        let wait = numbers[1] < 0 ? options.interval : min(options.interval, .milliseconds(max(1, numbers[1])))
        if numbers[1] != 0 { sets[owner]?.gates[leaf].empty(until: EventLoop.currentTime + wait) }
        let why = numbers[1] < 0 ? "the leased rate allows nothing" : "the leased rate is used up"
        return Array(repeating: GatePlan.Answer(.go), count: granted)
            + refusals(count - granted, why, after: wait, .gateClosed)
    }

    private func refusals(
        _ count: Int, _ why: String, after: Duration, _ reason: GateDecision.Reason
    ) -> [GatePlan.Answer] {
        Array(repeating: GatePlan.Answer(.refuse(why: why, after: after), reason: reason), count: count)
    }

    // MARK: - Asking the sources

    private func makePollers() throws(GateSettingsError) {
        var readers: [GateSource: [(owner: GateOwner, leaf: Int)]] = [:]
        for owner in order {
            guard let set = sets[owner] else { continue }
            for (index, gate) in set.gates.enumerated() {
                guard let source = GateSource(gate.leaf.settings) else { continue }
                if let address = source.redisAddress { try connect(address, owner) }
                readers[source, default: []].append((owner, index))
            }
        }
        let sources = try GateSources(options, servers: servers, quotas: quotas)
        for (source, places) in readers {
            let ask = try sources.question(source)
            let poller = GatePoller(every: sources.interval(source), ask: ask) { [weak self] news in
                for place in places { self?.take(news, place.owner, place.leaf) }
            }
            pollers.append(poller)
        }
    }

    private func connect(_ address: String, _ owner: GateOwner) throws(GateSettingsError) {
        if servers[address] != nil { return }
        do throws(RedisError) {
            let server = GateRedis(try RedisURL(address), timeout: options.timeout)
            servers[address] = server
            quotas[address] = Quotas(server, life: options.slotLife)
        } catch {
            throw GateSettingsError("gate of \(owner), address", error.reason)
        }
    }

    /// To all gates that ask about quotas there.
    private func tell(_ news: GateNews, at address: String) {
        for owner in order {
            let leaves = sets[owner]?.gates.map(\.leaf) ?? []
            for (index, leaf) in leaves.enumerated() where GateSource(leaf.settings) == .quotas(address: address) {
                take(news, owner, index)
            }
        }
    }

    private func take(_ news: GateNews, _ owner: GateOwner, _ leaf: Int) {
        let changed = sets[owner]?.gates[leaf].take(
            news, inFlight: host.inFlight(owner), processes: max(1, host.processes(owner)),
            at: EventLoop.currentTime, date: WallClock.now().milliseconds)
        if changed == true, let status = sets[owner]?.gates[leaf].status { say(status) }
        host.changed(owner)
    }

    private func say(_ status: GateStatus) {
        var metadata: Logger.Metadata = [
            "owner": "\(status.owner)", "gate": "\(status.type)", "state": "\(status.condition.rawValue)",
            "reason": "\(status.reason)",
        ]
        if !status.place.isEmpty { metadata["place"] = "\(status.place)" }
        switch status.condition {
        case .inert: logger.warning("A gate lacks its metric and lets everything through", metadata: metadata)
        case .shut: logger.warning("A gate lacks its metric and lets nothing through", metadata: metadata)
        case .closed: logger.info("A gate is closed", metadata: metadata)
        case .open where status.type == "redis-quota" && !status.reason.isEmpty:
            logger.warning("A quota cannot be asked about some requests; they wait", metadata: metadata)
        case .open, .waiting: logger.info("A gate is open", metadata: metadata)
        }
    }
}
