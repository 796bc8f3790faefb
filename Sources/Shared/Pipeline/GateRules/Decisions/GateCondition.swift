/// What a gate is up to, in one word.
package enum GateCondition: String, Sendable, CaseIterable {
    /// Its source has not been heard yet: nothing starts.
    case waiting
    /// It lets through.
    case open
    /// It has what it judges by, and lets nothing through.
    case closed
    /// It lacks what it judges by, and lets through: it is as if it were not there.
    case inert
    /// It lacks what it judges by, and lets nothing through.
    case shut

    /// Whether it works without what it judges by.
    package var isBlind: Bool { self == .inert || self == .shut }
}

/// One gate of a pool or a queue, for gauges and for people.
package struct GateStatus: Sendable, Equatable {
    /// The pool or the queue.
    package var owner: GateOwner
    /// The type, such as `prometheus-budget`.
    package var type: String
    /// Where it stands inside other gates, such as `composite[1]`; empty if it stands alone.
    package var place: String
    package var condition: GateCondition
    /// The last number read; `nil` without one.
    package var value: Double?
    /// The number at which nothing starts any more; `nil` where there is none.
    package var threshold: Double?
    /// What part of the places it lets requests have, 0 to 1; `nil` where it does not go by that.
    package var budget: Double?
    /// The pool whose metric it is, in the words of its settings; may be empty.
    package var inferencePool: String
    /// Since when it is in this condition, milliseconds since 1970.
    package var since: Int64
    /// What is so, and what would change it.
    package var reason: String
    /// Until when a lease holds, milliseconds since 1970; `nil` without one.
    package var leaseEnd: Int64?

    package init(
        owner: GateOwner, type: String, place: String = "", condition: GateCondition, value: Double? = nil,
        threshold: Double? = nil, inferencePool: String = "", since: Int64 = 0, reason: String = ""
    ) {
        self.owner = owner
        self.type = type
        self.place = place
        self.condition = condition
        self.value = value
        self.threshold = threshold
        self.inferencePool = inferencePool
        self.since = since
        self.reason = reason
    }
}

/// Whose gate it is.
package enum GateOwner: Sendable, Hashable, CustomStringConvertible {
    case pool(String)
    case queue(String)

    package var name: String {
        switch self {
        case .pool(let name), .queue(let name): name
        }
    }

    package var description: String {
        switch self {
        case .pool(let name): "pool \(name)"
        case .queue(let name): "queue \(name)"
        }
    }
}
