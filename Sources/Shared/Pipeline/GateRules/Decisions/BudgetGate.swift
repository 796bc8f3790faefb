/// What one gate that reads a number allows, as of its last reading.
///
/// In proportion: a part b of what is free is a cap of what was in flight when it was read, and b of the capacity more,
/// divided by the processes that read the same. llm-d-async only asks whether b is more than 0, and all its workers start at
/// once then. A value.
package struct BudgetGate: Sendable, Equatable {
    /// After so long the same number counts as a new measurement: Prometheus looks at its targets once a minute if nobody
    /// says otherwise.
    static let longestSample = Duration.seconds(60)
    private static let most = 1e9

    package let rule: BudgetRule
    package private(set) var condition = GateCondition.waiting
    /// The last number; `nil` without one.
    package private(set) var value: Double?
    /// 0 to 1; 0 before the first reading.
    package private(set) var budget = 0.0
    /// What is so, and why.
    package private(set) var reason = "its source has not answered yet"
    /// Requests that the whole pool holds, as far as the source knows.
    private var capacity: Double?
    /// What was in flight at the measurement, and when that was.
    private var base = 0
    private var measured: Duration?
    /// What is left of the places that were free.
    private var places = 0

    package init(_ rule: BudgetRule) { self.rule = rule }

    /// Notes a reading.
    ///
    /// - Parameters:
    ///   - inFlight: the requests of this process and pool.
    ///   - processes: how many processes read the same and act on it; at least 1.
    ///   - now: on a clock that only goes forward.
    package mutating func take(_ reading: GateReading, inFlight: Int, processes: Int, at now: Duration) {
        switch reading {
        case .pending: return
        case .value(let number, let capacity, let name) where number.isFinite:
            takeMeasurement(number, capacity, inFlight: inFlight, at: now)
            value = number
            self.capacity = capacity
            budget = rule.budget(of: number)
            if rule.use == .places { takePlaces(number, processes: processes) }
            condition = budget > 0 || places > 0 ? .open : .closed
            reason = words(number, name)
        case .value(let number, _, let name): takeNothing("\(name) is \(number)", nil)
        case .missing(let why, let ordered): takeNothing(why, ordered)
        }
    }

    /// One of the free places is taken; `false` if none is left.
    package mutating func takePlace() -> Bool {
        guard rule.use == .places else { return true }
        guard places > 0 else { return false }
        places -= 1
        return true
    }

    /// What it allows.
    ///
    /// - Parameters:
    ///   - slots: the most that the stage would have in flight for this pool: the capacity where nobody knows a better one.
    ///   - processes: how many processes read the same and act on it; at least 1.
    package func state(slots: Int, processes: Int) -> GateState {
        if rule.use == .places { return GateState(starts: places, why: reason) }
        guard budget > 0 else { return GateState(cap: 0, why: reason) }
        let share = 1 / Double(max(1, processes))
        if condition == .inert || rule.use == .all {
            if budget >= 1 { return GateState(why: condition == .inert ? reason : "") }
            return GateState(cap: whole(budget * Double(slots) * share), why: reason)
        }
        let cap = Double(base) + (budget * (capacity ?? Double(slots)) * share).rounded(.down, slightly: true)
        // More than the whole pool is to hold, nobody starts.
        let most = capacity.map { $0 * (1 - rule.threshold) } ?? Self.most
        return GateState(cap: whole(min(cap, most)), why: reason)
    }

    /// At least 1.
    private func whole(_ number: Double) -> Int {
        Int(max(1, min(Self.most, number).rounded(.down, slightly: true)))
    }

    /// The same number as before may be the same measurement: what has started since is not in it, and may not count again.
    private mutating func takeMeasurement(
        _ number: Double, _ capacity: Double?, inFlight: Int, at now: Duration
    ) {
        let isRepeated = rule.use == .free(isFresh: false) && number == value && capacity == self.capacity
        if isRepeated, let measured, now - measured < Self.longestSample { return }
        base = inFlight
        measured = now
    }

    private mutating func takePlaces(_ number: Double, processes: Int) {
        let free = min(Self.most, max(0, number)).rounded(.down)
        places = free < 1 ? 0 : max(1, Int(free) / max(1, processes))
        budget = 0
    }

    private mutating func takeNothing(_ why: String, _ ordered: Double?) {
        value = nil
        measured = nil
        places = 0
        budget = min(1, max(0, ordered ?? rule.fallback))
        condition = budget > 0 ? .inert : .shut
        let part = budget >= 1 ? "everything" : "\(text(budget)) of the slots"
        reason = budget > 0 ? "\(why); without it, it lets \(part) through" : "\(why); without it, nothing starts"
    }

    private func words(_ number: Double, _ name: String) -> String {
        if rule.use == .places { return "\(text(number)) \(name)" }
        let limit = rule.threshold == 0 ? "0" : "\(text(rule.threshold))"
        if rule.use == .all { return budget > 0 ? "\(name) is \(text(number))" : "\(name) is \(text(number)): closed" }
        let found = "\(text(number)) is free by \(name)"
        return condition == .open ? found : "\(found); nothing starts at \(limit) or less"
    }
}

extension Double {
    /// Downwards, but up where binary fractions have only just missed a whole number.
    fileprivate func rounded(_: FloatingPointRoundingRule, slightly: Bool) -> Double { (self + 1e-9).rounded(.down) }
}

/// With at most three digits behind the point.
private func text(_ number: Double) -> String {
    let rounded = (number * 1000).rounded() / 1000
    return Int(exactly: rounded).map(String.init) ?? "\(rounded)"
}
