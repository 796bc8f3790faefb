/// Knows when leases may have expired only because nobody could renew them: after a gap in our own running (the
/// process was stopped, the machine slept) or in the server's.
///
/// For `hold` after one nothing is taken over.
struct Gaps {
    /// Oversleeping by less is a busy machine.
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
