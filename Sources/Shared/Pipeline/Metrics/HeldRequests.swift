/// Where a request is that has been taken and has not ended: each place belongs to one stage.
package enum HeldPlace: String, Sendable, CaseIterable {
    /// In its queue, to be leased.
    case queue
    /// In its queue, until its next attempt is due.
    case parked
    /// In ingest, not sent yet: gates are asked about it, or dispatch has no room.
    case leased
    /// Sent by ingest and not taken by any dispatch.
    case link
    /// In dispatch, until there is a slot.
    case slot
    /// In dispatch, whose gateway is away or whose pool is closed.
    case held
    /// At the gateway.
    case gateway
    /// Answered, failed or ended otherwise, and not taken by the next stage; in dispatch and retry.
    case outcome
    /// In emit, until the queue has taken its result.
    case settlement
}

/// How many requests there are, by queue and place.
package struct HeldCounts: Sendable, Equatable {
    package private(set) var counts: [String: [HeldPlace: Int]] = [:]

    package init() {}

    package mutating func add(_ count: Int, of queue: String, in place: HeldPlace) {
        guard count != 0 else { return }
        counts[queue, default: [:]][place, default: 0] += count
    }

    package func count(of queue: String, in places: HeldPlace...) -> Int {
        places.reduce(0) { $0 + (counts[queue]?[$1] ?? 0) }
    }
}

/// The gauges of what one stage holds.
///
/// Their sum over all stages is what has been submitted and has not ended. Names of queues may be strangers' choice: what is
/// beyond `capacity` shares those of `other`.
package struct HeldMetrics {
    package static let name = "async_processor_held_requests"
    package static let help = "Requests that have not ended, by where they are."

    private let registry: MetricsRegistry
    private let places: [HeldPlace]
    private let capacity: Int
    private var gauges: [String: [HeldPlace: Gauge]] = [:]

    /// - Parameters:
    ///   - places: those that belong to the stage.
    ///   - queues: those that are shown before they hold anything.
    package init(registry: MetricsRegistry, places: [HeldPlace], queues: [String] = [], capacity: Int = 1_000) {
        self.registry = registry
        self.places = places
        self.capacity = capacity
        for queue in queues { _ = shownName(of: queue) }
    }

    /// Shows these counts; what is not among them is 0.
    package mutating func show(_ held: HeldCounts) {
        var sums: [String: [HeldPlace: Int]] = [:]
        for (queue, counts) in held.counts {
            sums[shownName(of: queue), default: [:]].merge(counts, uniquingKeysWith: +)
        }
        for (queue, gauges) in gauges {
            for (place, gauge) in gauges { gauge.set(sums[queue]?[place] ?? 0) }
        }
    }

    private mutating func shownName(of queue: String) -> String {
        if gauges[queue] != nil { return queue }
        let name = gauges.count < capacity ? queue : "other"
        if gauges[name] == nil { gauges[name] = makeGauges(name) }
        return name
    }

    private func makeGauges(_ queue: String) -> [HeldPlace: Gauge] {
        Dictionary(
            uniqueKeysWithValues: places.map { place in
                let gauge = registry.gauge(
                    Self.name, help: Self.help,
                    labels: [("queue", queue), ("place", place.rawValue)])
                return (place, gauge)
            })
    }
}
