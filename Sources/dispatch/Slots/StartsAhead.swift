/// How many requests dispatch wants to have at hand beyond its slots: what it starts within the time that a request
/// takes to arrive, so that a slot that becomes free is filled at once.
struct StartsAhead: Sendable, Equatable {
    /// From asking for a request to having it: a report, a message, and a turn of the loop at each end.
    private static let lead = Duration.milliseconds(50)
    private static let leadsPerWindow = 4
    private static let window = lead * leadsPerWindow

    private let most: Int
    private var windowStart: Duration = .zero
    private var startedInWindow = 0
    /// Starts per lead time, from the last whole window.
    private var recent = 0

    /// - Parameter concurrency: never more than twice the slots is kept at hand.
    init(concurrency: Int) {
        most = max(4, 2 * concurrency)
    }

    /// An attempt has started.
    ///
    /// `now`: a monotonic clock.
    mutating func started(at now: Duration) {
        roll(to: now)
        startedInWindow += 1
    }

    /// How many to have at hand, at least one.
    mutating func count(at now: Duration) -> Int {
        roll(to: now)
        let current = startedInWindow / Self.leadsPerWindow
        return min(most, max(1, recent, current))
    }

    private mutating func roll(to now: Duration) {
        let elapsed = now - windowStart
        guard elapsed >= Self.window else { return }
        recent = Int(Double(startedInWindow) * (Self.lead / elapsed))
        startedInWindow = 0
        windowStart = now
    }
}
