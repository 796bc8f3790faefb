/// What a gate, or several together, allow now.
package struct GateState: Sendable, Equatable {
    /// The most requests in flight; `nil`: as many as there are places.
    package var cap: Int?
    /// How many may still start until the next reading; `nil`: no such limit.
    package var starts: Int?
    /// How many may start per second, in all processes together; `nil`: no such limit.
    package var rate: Double?
    /// Nothing starts before this time, on the event loop's clock; `nil`: it may start now.
    package var closedUntil: Duration?
    /// What limits, for people; empty when nothing does.
    package var why: String

    package init(
        cap: Int? = nil, starts: Int? = nil, rate: Double? = nil, closedUntil: Duration? = nil, why: String = ""
    ) {
        self.cap = cap
        self.starts = starts
        self.rate = rate
        self.closedUntil = closedUntil
        self.why = why
    }

    /// Whether nothing may start, whatever is in flight.
    package var isClosed: Bool { cap == 0 || starts == 0 || closedUntil != nil }

    /// Whether one more may start.
    package func allows(inFlight: Int) -> Bool { !isClosed && (cap.map { inFlight < $0 } ?? true) }

    /// What both allow; the words are those of the one that allows less.
    package func and(_ other: GateState) -> GateState {
        GateState(
            cap: least(cap, other.cap), starts: least(starts, other.starts), rate: least(rate, other.rate),
            closedUntil: later(closedUntil, other.closedUntil), why: isStricter(than: other) ? why : other.why)
    }

    private func isStricter(than other: GateState) -> Bool {
        if isClosed != other.isClosed { return isClosed }
        if other.why.isEmpty { return true }
        return !why.isEmpty && (cap ?? .max, starts ?? .max) <= (other.cap ?? .max, other.starts ?? .max)
    }
}

private func least<Value: Comparable>(_ one: Value?, _ other: Value?) -> Value? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
}

private func later(_ one: Duration?, _ other: Duration?) -> Duration? {
    guard let one, let other else { return one ?? other }
    return max(one, other)
}
