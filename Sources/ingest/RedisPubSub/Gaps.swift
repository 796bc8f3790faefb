/// Detects when leases may have expired only because no process could renew them: after a gap in which this process did
/// not run (it was stopped, the machine slept) or the server did not.
///
/// For `hold` after a gap no lease is taken over.
struct Gaps {
    /// A smaller delay of a wait only means a busy machine.
    private static let tolerance = Duration.seconds(1)

    private let hold: Duration
    private var heldUntil: ContinuousClock.Instant

    init(hold: Duration, now: ContinuousClock.Instant) {
        self.hold = hold
        heldUntil = now
    }

    /// A wait of at most `limit` was over at `end`.
    mutating func waited(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant, limit: Duration) {
        if end - start > limit + Self.tolerance { happened(now: end) }
    }

    mutating func happened(now: ContinuousClock.Instant) { heldUntil = max(heldUntil, now + hold) }

    func holds(at now: ContinuousClock.Instant) -> Bool { now < heldUntil }
}
