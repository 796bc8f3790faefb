/// Says why a request has no result, on a queue that keeps only what an ingest has claimed.
///
/// The promise of channels: what an ingest has claimed has its one result, whatever dies; claiming takes less than a
/// moment after a message was heard. What is published while nobody listens is lost, and a result that nobody hears.
package struct LossCheck: Sendable {
    package enum Cause: String, Sendable, CaseIterable {
        case unheard
        case notClaimed = "not claimed"
        case onTheWay = "on the way"
        case resultUnheard = "result unheard"

        var meaning: String {
            switch self {
            case .unheard: "nobody listened: the server told the producer so"
            case .notClaimed: "every ingest was killed within half a second of it being published"
            case .onTheWay: "the connections to ingest, or the server, failed when it was published"
            case .resultUnheard: "the consumer's own connection was gone when the result was published"
            }
        }
    }

    /// From when a request is published until an ingest has claimed it, at most, on a busy machine.
    private static let claiming = Duration.milliseconds(500)
    /// Until the server knows that a connection is gone.
    private static let noticing = Duration.seconds(3)
    /// From the answer of the gateway until its result is published, when nothing holds it up but faults.
    private static let settling = Duration.seconds(15)

    private let books: RedisPubSubBooks
    private let clock: RunClock
    private let deaths: [ClosedRange<Duration>]
    private let breaks: [ClosedRange<Duration>]
    private let deaf: [ClosedRange<Duration>]

    /// - Parameter listeners: how many ingest processes there are: while one of them lives, no death excuses anything.
    package init(_ books: RedisPubSubBooks, _ disturbances: [Disturbance], listeners: Int, clock: RunClock) {
        self.books = books
        self.clock = clock
        deaths = disturbances.filter { disturbance in
            [.killed, .crashed].contains(disturbance.kind)
                && disturbance.victims.count(where: StageKind.ingest.owns) >= listeners
        }.map { $0.began - Self.claiming...$0.complete }
        breaks = disturbances.filter(Self.breaksConnections).map {
            $0.began - Self.claiming...$0.ended + Self.noticing
        }
        deaf = books.deaf.map { clock.time(of: $0.lowerBound) - Self.settling...clock.time(of: $0.upperBound) }
    }

    private static func breaksConnections(_ disturbance: Disturbance) -> Bool {
        switch disturbance.kind {
        case .serverAway, .serverFrozen: true
        case .connectionsCut, .connectionsSilent: [.toServer, .ingestToServer].contains(disturbance.road)
        default: false
        }
    }

    /// - Parameters:
    ///   - reached: whether it reached the gateway: then it had been claimed.
    ///   - answered: when the gateway answered it, if anybody knows.
    func cause(of request: Int, reached: Bool, answered: Duration?) -> Cause? {
        if books.isUnheard(request) { return .unheard }
        guard let batch = books.batch(of: request) else { return nil }
        let published = clock.time(of: batch.began)...clock.time(of: batch.ended)
        if !reached {
            if deaths.contains(where: { $0.overlaps(published) }) { return .notClaimed }
            if breaks.contains(where: { $0.overlaps(published) }) { return .onTheWay }
        }
        if reached, answered == nil { return nil }
        let settled = answered.map { $0...$0 } ?? published
        return deaf.contains { $0.overlaps(settled) } ? .resultUnheard : nil
    }

    /// How many of the lost requests have which cause, and those that have none, where nobody kept the attempts.
    func causes(of lost: [Int]) -> (causes: [Cause: Int], inexcusable: [Int]) { causes(of: lost, attempts: []) }

    /// How many of the lost requests have which cause, and those that have none.
    package func causes(of lost: [Int], attempts: [Attempt]) -> (causes: [Cause: Int], inexcusable: [Int]) {
        let sought = Set(lost)
        var reached: Set<Int> = []
        var answered: [Int: Duration] = [:]
        for attempt in attempts where sought.contains(attempt.request) {
            reached.insert(attempt.request)
            guard attempt.outcome == .answered else { continue }
            answered[attempt.request] = attempt.ended ?? attempt.began
        }
        var found: (causes: [Cause: Int], inexcusable: [Int]) = ([:], [])
        for request in lost {
            if let cause = cause(
                of: request, reached: reached.contains(request), answered: answered[request])
            {
                found.causes[cause, default: 0] += 1
            } else {
                found.inexcusable.append(request)
            }
        }
        return found
    }
}
