/// Finds attempts that were made again although the gateway had not refused the one before, and whether a fault
/// excuses them.
///
/// The promise: repeated is at most what was in flight, or answered and not yet settled, in a killed dispatch, and what
/// a frozen process held. A link that is silent for longer than its peers wait counts as frozen; the death of an ingest
/// excuses what was in the pipeline then. Nothing else excuses anything, but on a queue that delivers again what it has
/// delivered, any fault does that may have kept an acknowledgement, or the extension of a lease, from arriving.
package struct RepeatCheck: Sendable {
    package struct Repeat: Sendable, Equatable {
        package var request: Int
        package var began: Duration
        package var process: String
        package var isExcused: Bool
    }

    /// What became of it all.
    package struct Finding: Sendable, Equatable {
        package var repeats: [Repeat] = []
        /// How many the faults allow.
        package var bound = 0
        /// Of the repeats, those that are excused because the queue may have delivered the request again.
        package var redelivered = 0

        package var inexcusable: [Repeat] { repeats.filter { !$0.isExcused } }
    }

    /// How long after it goes on a frozen process may still act on what it held.
    private static let aftermath = Duration.seconds(5)
    /// How long the news that a request is settled may take from the queue through emit and dispatch to ingest: until
    /// then dispatch still holds it.
    private static let news = Duration.milliseconds(100)
    /// How long the verdict about a refused attempt may take from dispatch through retry and emit into the queue, and
    /// the news of it back.
    private static let verdict = Duration.milliseconds(500)

    private let disturbances: [Disturbance]
    /// When each request's result was seen.
    private let settled: [Int: Duration]
    /// Requests that one dispatch process takes without starting them.
    private let heldPerDispatch: Int
    private let redeliveries: Redeliveries

    /// - Parameter redelivery: see `QueueUnderTest.redelivery`.
    package init(
        disturbances: [Disturbance], settled: [Int: Duration], heldPerDispatch: Int, redelivery: Duration? = nil
    ) {
        self.disturbances = disturbances.filter(Self.canExcuse)
        self.settled = settled
        self.heldPerDispatch = heldPerDispatch
        redeliveries = Redeliveries(after: disturbances.filter(Redeliveries.canComeFrom), for: redelivery)
    }

    /// - Parameter attempts: in the order in which they began.
    package func check(_ attempts: [Attempt]) -> Finding {
        var finding = Finding()
        for attempts in Dictionary(grouping: attempts, by: \.request).values where attempts.count > 1 {
            for (index, attempt) in attempts.enumerated().dropFirst() {
                let unrefused = attempts[..<index].filter { !$0.wasRefused(by: attempt.began) }
                if unrefused.isEmpty { continue }
                let before = attempts[..<index]
                let isExcused = unrefused.allSatisfy { earlier in
                    disturbances.contains { excuses($0, earlier, attempt) || forgot($0, before, attempt) }
                }
                let isRedelivered = !isExcused && redeliveries.contain(attempt.began)
                finding.redelivered += isRedelivered ? 1 : 0
                finding.repeats.append(
                    Repeat(
                        request: attempt.request, began: attempt.began, process: attempt.process,
                        isExcused: isExcused || isRedelivered))
            }
        }
        finding.repeats.sort { $0.began < $1.began }
        finding.bound = disturbances.reduce(finding.redelivered) { $0 + bound(of: $1, attempts) }
        return finding
    }

    private static func canExcuse(_ disturbance: Disturbance) -> Bool {
        switch disturbance.kind {
        case .killed, .crashed, .frozen: disturbance.hits(.dispatch) || disturbance.hits(.ingest)
        case .connectionsSilent: true
        default: false
        }
    }

    private func excuses(_ disturbance: Disturbance, _ earlier: Attempt, _ later: Attempt) -> Bool {
        let end = disturbance.ended + Self.aftermath
        let isAfter = disturbance.began <= later.began
        switch disturbance.kind {
        case .killed, .crashed:
            return isAfter && wasHeld(earlier, by: disturbance)
        case .frozen where disturbance.hits(.dispatch):
            if isAfter && wasHeld(earlier, by: disturbance) { return true }
            return [earlier, later].contains {
                disturbance.victims.contains($0.process) && $0.began >= disturbance.began && $0.began <= end
            }
        case .connectionsSilent:
            // The news of a settlement vanishes with all else, and whoever sent the request offers it to another.
            return isAfter && earlier.began <= end && isUnsettled(earlier.request, at: disturbance.began - Self.news)
        default:
            return isAfter && earlier.began <= end && isUnsettled(earlier.request, at: disturbance.began)
        }
    }

    /// Whether a killed dispatch knew of a refusal and not yet of what was decided about it: then the request was parked
    /// for one more attempt, and given to another dispatch for one as well.
    private func forgot(_ disturbance: Disturbance, _ before: ArraySlice<Attempt>, _ later: Attempt) -> Bool {
        guard [.killed, .crashed].contains(disturbance.kind), disturbance.began <= later.began else { return false }
        return before.contains { attempt in
            guard disturbance.victims.contains(attempt.process), let ended = attempt.ended else { return false }
            return attempt.outcome == .refused
                && (disturbance.began - Self.verdict...disturbance.complete).contains(ended)
        }
    }

    /// Whether the attempt was in flight, or answered and not settled, in a victim when that died.
    private func wasHeld(_ attempt: Attempt, by disturbance: Disturbance) -> Bool {
        guard attempt.began <= disturbance.complete else { return false }
        if disturbance.victims.contains(attempt.process) {
            // Also one whose request had its result from another: the process did not know that.
            let moment = disturbance.began - Self.news
            return attempt.ended.map { $0 >= moment } ?? true || isUnsettled(attempt.request, at: moment)
        }
        // What is settled is nobody's to take over, whether ingest had heard of it or not.
        return disturbance.hits(.ingest) && isUnsettled(attempt.request, at: disturbance.began)
    }

    private func isUnsettled(_ request: Int, at moment: Duration) -> Bool {
        settled[request].map { $0 >= moment } ?? true
    }

    private func bound(of disturbance: Disturbance, _ attempts: [Attempt]) -> Int {
        let isSilent = disturbance.kind == .connectionsSilent
        let held = attempts.filter {
            isSilent
                ? $0.began <= disturbance.ended && isUnsettled($0.request, at: disturbance.began - Self.news)
                    && !$0.wasRefused(by: disturbance.began)
                : wasHeld($0, by: disturbance) && !$0.wasRefused(by: disturbance.began)
        }.count
        return held + (disturbance.kind == .frozen ? disturbance.victims.count * heldPerDispatch : 0)
    }
}
