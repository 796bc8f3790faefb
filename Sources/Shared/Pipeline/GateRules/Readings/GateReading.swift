/// What the source of a gate said when it was last asked.
package enum GateReading: Sendable, Equatable {
    /// Nothing yet.
    case pending
    /// A number.
    ///
    /// What it means is the gate's affair: for gates that close when something is full, the free part of it.
    ///   - capacity: requests that the whole pool holds, where the source knows that.
    ///   - from: what it stands for, for people.
    case value(Double, capacity: Double? = nil, from: String)
    /// No number; the gate's fallback counts.
    ///   - budget: wins over the fallback.
    case missing(reason: String, budget: Double? = nil)
}
