/// Values in order, to ask for the one that a share of all does not exceed.
package struct Percentiles: Sendable {
    private let sorted: [Double]

    package init(_ values: [Double]) { sorted = values.sorted() }

    /// The smallest value that at least `percent` percent of all do not exceed; 0 of none.
    package func value(_ percent: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
        return sorted[min(sorted.count - 1, max(0, Int(rank) - 1))]
    }
}

/// What one request met on its way.
package struct Journey: Sendable, Equatable {
    /// Nanoseconds of one clock.
    package var put: Int64
    package var arrived: Int64
    package var answered: Int64
    package var seen: Int64

    package init(put: Int64, arrived: Int64, answered: Int64, seen: Int64) {
        self.put = put
        self.arrived = arrived
        self.answered = answered
        self.seen = seen
    }

    package var isWhole: Bool { put > 0 && arrived >= put && answered >= arrived && seen >= answered }
    /// Milliseconds from the queue to the gateway.
    package var there: Double { Double(arrived - put) / 1e6 }
    /// Milliseconds from the gateway to the consumer.
    package var back: Double { Double(seen - answered) / 1e6 }
    /// Milliseconds that the pipeline adds to the gateway's own time.
    package var added: Double { there + back }
}
