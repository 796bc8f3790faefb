import GateRules
import Loop

/// One gate that judges by itself, as of the last news of its source.
struct LiveGate {
    let leaf: GatePlan.Leaf
    let owner: GateOwner
    /// Of gates that read a number.
    private var budget: BudgetGate?
    /// Of the others.
    private var condition = GateCondition.open
    private var reason = ""
    private var lease: LeasedRate?
    /// Milliseconds since 1970.
    private var since: Int64
    /// The bucket is empty until then.
    private var emptyUntil: Duration?
    /// Type and reason; made once, since whoever starts requests asks often.
    private var words = ""

    init(_ leaf: GatePlan.Leaf, of owner: GateOwner, date: Int64) {
        self.leaf = leaf
        self.owner = owner
        since = date
        if let rule = leaf.settings.budgetRule {
            budget = BudgetGate(rule)
        } else if leaf.isAsked {
            condition = .waiting
            reason = "its Redis has not answered yet"
        } else if case .localConcurrency(let settings) = leaf.settings {
            reason = "at most \(settings.limit) at once"
        }
        words = currentWords
    }

    /// - Returns: whether it is in another condition than before, or cannot judge others than before.
    mutating func take(
        _ news: GateNews, inFlight: Int, processes: Int, at now: Duration, date: Int64
    ) -> Bool {
        let before = (condition: status.condition, exceptions: exceptions)
        switch news {
        case .reading(let reading): budget?.take(reading, inFlight: inFlight, processes: processes, at: now)
        case .quotas(let problem, let refusals): takeQuotas(problem, refusals)
        case .lease(let lease): takeLease(lease)
        }
        words = currentWords
        guard status.condition != before.condition else { return exceptions != before.exceptions }
        since = date
        return true
    }

    private mutating func takeQuotas(_ problem: String?, _ refusals: QuotaRefusals) {
        guard case .quota(let quota) = leaf.settings else { return }
        let refusal = refusals.first(of: quota)
        if let problem = problem ?? refusal.flatMap({ $0.isForAll ? $0.reason : nil }) {
            (condition, reason) = (.shut, "\(problem); without an answer, nothing starts")
        } else {
            condition = .open
            reason = refusal.map { "\($0.reason); requests of that value wait, all others go" } ?? ""
        }
    }

    /// What an open quota has against some requests; empty when it has nothing.
    private var exceptions: String {
        if condition == .open, case .quota = leaf.settings { return reason }
        return ""
    }

    /// What was used up is so no longer when the rate is another one.
    private mutating func takeLease(_ lease: LeasedRate) {
        if lease.perSecond != self.lease?.perSecond { emptyUntil = nil }
        self.lease = lease
        switch lease {
        case .invalid(let why):
            condition = .shut
            reason = "\(why); without a lease, nothing starts"
        case .valid(0, _, let decision):
            condition = .closed
            reason = "paused by decision \(decision)"
        case .valid(let rate, _, let decision):
            condition = .open
            reason = "\(rate) starts per second by decision \(decision)"
        }
    }

    /// The bucket has no token before `time`.
    mutating func empty(until time: Duration) { emptyUntil = time }

    mutating func takePlace() -> Bool { budget?.takePlace() ?? true }

    /// What it allows.
    ///
    /// - Parameters:
    ///   - slots: the most that the process would have in flight.
    ///   - processes: how many read the same.
    func finding(slots: Int, processes: Int, at now: Duration) -> GatePlan.Finding {
        if let budget { return GatePlan.Finding(named(budget.state(slots: slots, processes: processes))) }
        if case .localConcurrency(let settings) = leaf.settings {
            return GatePlan.Finding(GateState(cap: settings.limit, why: words))
        }
        var state = GateState()
        if condition != .open { state = GateState(cap: 0, why: words) }
        if case .valid(let rate, _, _)? = lease, rate > 0 { state = state.and(GateState(rate: rate, why: words)) }
        guard let emptyUntil, emptyUntil > now else { return GatePlan.Finding(state, isAsked: leaf.isAsked) }
        state = state.and(GateState(closedUntil: emptyUntil, why: words))
        return GatePlan.Finding(state, isAsked: leaf.isAsked, after: emptyUntil - now)
    }

    private func named(_ state: GateState) -> GateState {
        var state = state
        if !state.why.isEmpty { state.why = words }
        return state
    }

    private var currentWords: String { "\(leaf.settings.typeName): \(budget?.reason ?? reason)" }

    /// For people, who see an open gate let nothing through for a while.
    func status(at now: Duration) -> GateStatus {
        var status = status
        if condition == .open, let emptyUntil, emptyUntil > now { status.reason += "; used up for now" }
        return status
    }

    var status: GateStatus {
        var status = GateStatus(
            owner: owner, type: leaf.settings.typeName, place: leaf.place, condition: budget?.condition ?? condition,
            value: budget?.value, threshold: budget.map(\.rule.threshold), inferencePool: leaf.settings.inferencePool,
            since: since, reason: budget?.reason ?? reason)
        status.budget = budget?.budget
        if case .valid(let rate, let end, _)? = lease {
            status.value = rate
            status.leaseEnd = end
        }
        return status
    }
}
