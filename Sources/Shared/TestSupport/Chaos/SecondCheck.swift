/// Says why a request has a second result, on a queue that may deliver a request again.
package struct SecondCheck: Sendable {
    package enum Cause: String, Sendable, CaseIterable {
        case emitDied = "emit died"
        case redelivered
        case unconfirmed
        case repeated

        var meaning: String {
            switch self {
            case .emitDied: "emit died after it had published the first, before it had acknowledged the request"
            case .redelivered: "the queue delivered the request again, since its lease had run out in a fault"
            case .unconfirmed: "the same answer was published again, since a fault kept the confirmation from emit"
            case .repeated: "dispatch died before it heard that its answer was settled: the attempt was made again"
            }
        }

        /// Whether the queue's promise has room for it: what stages do among themselves is no reason.
        var isAllowed: Bool { self != .repeated }
    }

    /// From when a result is published until it is seen, or its request acknowledged, at most.
    private static let news = Duration.seconds(2)

    private let attempts: [Int: [Attempt]]
    private let seen: [Int: Duration]
    private let deathsOfEmit: [ClosedRange<Duration>]
    private let redeliveries: Redeliveries
    /// When what emit sent or was sent may have been lost.
    private let silences: Redeliveries
    /// When attempts may have been repeated by the stages themselves.
    private let repeats: Redeliveries

    package init(_ record: RunRecord, redelivery: Duration) {
        let faults = record.disturbances
        attempts = Dictionary(grouping: record.attempts, by: \.request)
        seen = record.seen
        deathsOfEmit = faults.filter { [.killed, .crashed].contains($0.kind) && $0.hits(.emit) }
            .map { $0.began - Self.news...$0.complete + Self.news }
        redeliveries = Redeliveries(after: faults.filter(Redeliveries.canComeFrom), for: redelivery)
        silences = Redeliveries(
            after: faults.filter { Redeliveries.canComeFrom($0) && ($0.victims.isEmpty || $0.hits(.emit)) },
            for: redelivery)
        repeats = Redeliveries(after: faults.filter { $0.hits(.dispatch) || $0.road == .stages }, for: redelivery)
    }

    /// How many second results have which cause; those without one are not counted.
    package func causes(of results: ResultBooks.Summary) -> [Cause: Int] {
        zip(results.second, results.secondSeen).reduce(into: [:]) { causes, second in
            if let cause = cause(of: second.0, seenAt: second.1) { causes[cause, default: 0] += 1 }
        }
    }

    /// - Parameter moment: when the second result was seen.
    func cause(of request: Int, seenAt moment: Duration) -> Cause? {
        if let first = seen[request], deathsOfEmit.contains(where: { $0.contains(first) }) { return .emitDied }
        let work = (attempts[request] ?? []).filter { $0.began <= moment && $0.outcome != .refused }
        let again = work.count > 1 ? work.last?.began : nil
        if let again, redeliveries.contain(again) { return .redelivered }
        if silences.contain(moment) { return .unconfirmed }
        if let again, repeats.contain(again) { return .repeated }
        return nil
    }
}
