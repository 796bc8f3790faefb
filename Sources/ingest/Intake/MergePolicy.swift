package import Queue

/// How requests of several queues are brought into one order.
package enum MergePolicy: Sendable, Equatable {
    /// Any queue that has a request, each with the same chance.
    case randomRobin
    /// By the tiers of the queues.
    case tierPriority(TierPriority)

    package static let names = ["random-robin", "tier-priority"]

    /// Whether a lower tier has nothing while a higher one could have all.
    package var isStrict: Bool { if case .tierPriority(let tiers) = self { tiers.isStrict } else { false } }

    /// - Parameter name: one of `names`.
    package init?(named name: String) {
        switch name {
        case "random-robin": self = .randomRobin
        case "tier-priority": self = .tierPriority(TierPriority())
        default: return nil
        }
    }

    package var name: String {
        switch self {
        case .randomRobin: Self.names[0]
        case .tierPriority: Self.names[1]
        }
    }

    /// - Parameters:
    ///   - queue: one of those that ingest serves.
    ///   - isReserved: what a quota has made of a request; `nil`: what its queue's labels say.
    /// - Returns: the lower, the earlier its requests go; 0 for all where none goes before another.
    package func rank(of queue: QueueSettings, isReserved: Bool? = nil) -> Int {
        guard case .tierPriority(let tiers) = self else { return 0 }
        var tier = Tier(queue.labels, label: tiers.label)
        if let isReserved { tier.isReserved = isReserved }
        return tier.rank
    }
}

package struct TierPriority: Sendable, Equatable {
    /// The label of a queue that names its tier.
    package var label: String
    /// Nothing goes while something of a higher tier waits; otherwise each tier gets twice the share of the next one.
    package var isStrict: Bool

    package init(label: String = "tier", isStrict: Bool = false) {
        self.label = label
        self.isStrict = isStrict
    }
}
