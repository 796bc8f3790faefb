/// Everything that was written down in a run.
package struct RunRecord: Sendable {
    package var attempts: [Attempt]
    package var disturbances: [Disturbance]
    package var results: ResultBooks.Summary
    /// When each request's first result was seen.
    package var seen: [Int: Duration]
    /// When the requests were published.
    package var batches: [ResultBooks.Batch]
    /// When results began to flow.
    package var begin: Duration

    package init(
        attempts: [Attempt], disturbances: [Disturbance], results: ResultBooks.Summary, seen: [Int: Duration],
        batches: [ResultBooks.Batch] = [], begin: Duration
    ) {
        self.attempts = attempts
        self.disturbances = disturbances
        self.results = results
        self.seen = seen
        self.batches = batches
        self.begin = begin
    }

    /// See `Recovery.takenOver`.
    func takenOver(after disturbance: Disturbance) -> Duration? {
        guard disturbance.kind == .killed, disturbance.hits(.ingest),
            let end = batches.last(where: { $0.published <= disturbance.began })?.end
        else { return nil }
        let last = (0..<end).compactMap { seen[$0] }.max() ?? disturbance.began
        return max(.zero, last - disturbance.began)
    }

    /// Results with the attempts they came from: of several that were answered the last that began before the result.
    var arrivals: [RecoveryCheck.Arrival] {
        var arrivals: [Int: RecoveryCheck.Arrival] = [:]
        var refused: [Int: Duration] = [:]
        for attempt in attempts {
            guard let seen = seen[attempt.request], attempt.began <= seen else { continue }
            if attempt.outcome == .refused { refused[attempt.request] = attempt.ended }
            guard attempt.outcome == .answered else { continue }
            arrivals[attempt.request] = .init(
                seen: seen, attemptBegan: attempt.began, refused: refused[attempt.request])
        }
        return Array(arrivals.values)
    }
}

extension RunRecord {
    /// Everything that was seen of a request, on one line.
    func history(_ request: Int) -> String {
        let attempts = attempts.filter { $0.request == request }.map {
            "\($0.outcome) by \($0.process) from \($0.began.inSeconds) to \($0.ended?.inSeconds ?? .infinity)"
        }
        let result = seen[request].map { "result at \($0.inSeconds)" } ?? "no result"
        return "c\(request): " + (attempts + [result]).joined(separator: "; ")
    }
}

/// What a cell has shown, and whether that is what was promised.
package struct CellReport: Sendable {
    package let cell: Cell
    package var results: ResultBooks.Summary
    package var repeats: RepeatCheck.Finding
    /// Why requests are lost, where some may be; `nil` where none may.
    package var lossCauses: [LossCheck.Cause: Int]?
    /// Of the lost requests those without such a cause.
    package var inexcusable: [Int]
    /// Why there are second results, where they are allowed; `nil` where they are not.
    package var secondCauses: [SecondCheck.Cause: Int]?
    /// Of each fault that lasts at one moment, in order.
    package var recoveries: [Recovery]
    package var disturbances: [Disturbance]
    package var leftovers: [String]
    /// Results per second before the first fault.
    package var rateBefore: Double
    /// What was seen of requests that are lost or whose attempts were repeated without a reason, for whoever looks for
    /// the cause.
    package var histories: [String] = []
    package var duration = Duration.zero
    /// Faults that were to happen.
    package var planned = 0
    /// What was promised and did not hold; empty when the cell has passed.
    package var failures: [String] = []

    package var hasPassed: Bool { failures.isEmpty }

    /// - Parameters:
    ///   - redelivery: see `QueueUnderTest.redelivery`.
    ///   - losses: where the queue may lose something.
    package init(
        _ cell: Cell, _ record: RunRecord, leftovers: [String], redelivery: Duration? = nil, losses: LossCheck? = nil
    ) {
        self.cell = cell
        self.leftovers = leftovers
        results = record.results
        let found = losses?.causes(of: record.results.lost, attempts: record.attempts)
        lossCauses = found?.causes
        inexcusable = found?.inexcusable ?? record.results.lost
        disturbances = record.disturbances
        repeats = RepeatCheck(
            disturbances: record.disturbances, settled: record.seen, heldPerDispatch: cell.layout.concurrency * 2,
            redelivery: redelivery
        ).check(record.attempts)
        if let redelivery { secondCauses = SecondCheck(record, redelivery: redelivery).causes(of: record.results) }
        let firstFault = record.disturbances.first?.began ?? record.seen.values.max() ?? record.begin
        let recovery = RecoveryCheck(
            record.arrivals, steady: min(record.begin + .seconds(1), firstFault)..<firstFault)
        rateBefore = recovery.rateBefore
        // What came when the load was over says nothing about a recovery.
        recoveries = record.disturbances.map {
            var found = recovery.recovery(after: $0)
            found.takenOver = record.takenOver(after: $0)
            return found
        }
        let repeated = Set(repeats.inexcusable.map(\.request)).sorted().prefix(20)
        histories = (repeated + inexcusable.prefix(20)).map(record.history)
        judge()
    }

    private mutating func judge() {
        func fail(_ count: Int, _ text: String) { if count > 0 { failures.append("\(count) \(text)") } }
        fail(inexcusable.count, lossCauses == nil ? "lost" : "lost without a reason")
        if let secondCauses {
            fail(results.second.count - secondCauses.values.reduce(0, +), "second results without a reason")
            for (cause, count) in secondCauses where !cause.isAllowed {
                fail(count, "second results, \(cause.rawValue)")
            }
        } else {
            fail(results.second.count, "second results")
        }
        fail(results.wrong.count, "wrong results")
        fail(results.strangers.count, "results of no request")
        fail(repeats.inexcusable.count, "attempts repeated without a reason")
        if repeats.repeats.count > repeats.bound {
            failures.append("\(repeats.repeats.count) attempts repeated, \(repeats.bound) allowed")
        }
        judgeTakeover()
        if !leftovers.isEmpty { failures.append("left behind: \(leftovers.joined(separator: ", "))") }
        guard let limit = cell.recoveryLimit else { return }
        for (disturbance, recovery) in zip(disturbances, recoveries) {
            guard let first = recovery.firstResult else { continue }
            if first > limit {
                failures.append("first new result \(first) after \(disturbance.kind), \(limit) promised")
            }
        }
    }

    /// What an ingest held when it was killed has a result a lease and 5 s later, at most.
    ///
    /// Only where nothing else takes long: no backlog, no slow answers, no retries, no further death of an ingest.
    private mutating func judgeTakeover() {
        guard case .steady = cell.load, cell.gateway.slowEvery == 0, cell.gateway.refused == 0 else { return }
        let limit = Duration.seconds(cell.layout.leaseSeconds + 5)
        if let last = recoveries.compactMap(\.takenOver).last, last > limit {
            failures.append("what a killed ingest held had its last result after \(last), \(limit) promised")
        }
    }

    /// The longest of all recoveries; `nil` where one had none or nothing was done.
    package var slowestFirstResult: Duration? { recoveries.compactMap(\.firstResult).max() }
    package var slowestFullRate: Duration? { recoveries.compactMap(\.fullRate).max() }
    package var slowestTakeover: Duration? { recoveries.compactMap(\.takenOver).max() }

    /// Line by line what somebody needs who looks for the cause.
    package var details: [String] {
        func list(_ name: String, _ numbers: [Int]) -> [String] {
            numbers.isEmpty
                ? [] : ["\(name) (\(numbers.count)): \(numbers.prefix(50).map { "c\($0)" }.joined(separator: " "))"]
        }
        return failures.map { "FAILED: \($0)" } + list("lost", inexcusable) + list("second", results.second)
            + list("wrong", results.wrong) + list("repeated without a reason", repeats.inexcusable.map(\.request))
            + histories + results.strangers.map { "stranger: \($0)" }
            + zip(disturbances, recoveries).map { disturbance, recovery in
                "\(disturbance.kind) \(disturbance.victims) at \(disturbance.began): first result "
                    + "\(recovery.firstResult.map { "\($0)" } ?? "-"), full rate \(recovery.fullRate.map { "\($0)" } ?? "-"), "
                    + "taken over \(recovery.takenOver.map { "\($0)" } ?? "-")"
            }
    }
}
