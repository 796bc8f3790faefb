/// How long a fault was felt.
package struct Recovery: Sendable, Equatable {
    /// From the fault to the first result of an attempt that began after it; `nil` if there was none.
    package var firstResult: Duration?
    /// From the fault to the first second with at least 90 % of the rate before; `nil` if there was none.
    package var fullRate: Duration?
    /// After the death of an ingest: from the fault to the last result of what had been published before it, which
    /// other ingests had to take over; `nil` after other faults.
    package var takenOver: Duration?

    package init(firstResult: Duration? = nil, fullRate: Duration? = nil, takenOver: Duration? = nil) {
        self.firstResult = firstResult
        self.fullRate = fullRate
        self.takenOver = takenOver
    }
}

/// Works out recoveries from what was recorded.
package struct RecoveryCheck: Sendable {
    /// One result, and the attempt it came from.
    package struct Arrival: Sendable, Equatable {
        package var seen: Duration
        package var attemptBegan: Duration
        /// When an attempt before that had been refused: the request went through retry then.
        package var refused: Duration?

        package init(seen: Duration, attemptBegan: Duration, refused: Duration? = nil) {
            self.seen = seen
            self.attemptBegan = attemptBegan
            self.refused = refused
        }
    }

    private let arrivals: [Arrival]
    /// Results per second before the first fault.
    package let rateBefore: Double

    /// - Parameters:
    ///   - steady: when the rate before is measured.
    package init(_ arrivals: [Arrival], steady: Range<Duration>) {
        self.arrivals = arrivals.sorted { $0.seen < $1.seen }
        let count = arrivals.count { steady.contains($0.seen) }
        let seconds = (steady.upperBound - steady.lowerBound).inSeconds
        rateBefore = seconds > 0 ? Double(count) / seconds : 0
    }

    package func recovery(after disturbance: Disturbance) -> Recovery {
        let fault = disturbance.began
        let first = arrivals.first { arrival in
            guard arrival.seen > fault, arrival.attemptBegan > fault else { return false }
            // Whether retry works again shows only in what has gone through it.
            return disturbance.hits(.retry) && hasRefusals ? (arrival.refused.map { $0 > fault } ?? false) : true
        }
        return Recovery(firstResult: first.map { $0.seen - fault }, fullRate: fullRate(after: fault))
    }

    private var hasRefusals: Bool { arrivals.contains { $0.refused != nil } }

    private func fullRate(after fault: Duration) -> Duration? {
        let times = arrivals.map(\.seen).filter { $0 >= fault }
        let needed = max(1, Int((rateBefore * 0.9).rounded(.up)))
        // A second that begins with the fault itself, or with a result: no other second can be the first.
        for (index, begin) in ([fault] + times).enumerated() {
            let from = max(0, index - 1)
            guard from + needed <= times.count else { return nil }
            if times[from + needed - 1] - begin <= .seconds(1) { return begin - fault }
        }
        return nil
    }
}
