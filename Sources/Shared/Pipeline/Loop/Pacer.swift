/// How close together something may happen that costs the same for one request as for many: at any moment for a few
/// times, then only once per `spacing`.
///
/// Under load this makes one wake-up, one round trip or one frame serve several requests, as interrupt moderation does
/// in network cards; a lone request never waits. It is the generic cell rate algorithm (ITU-T I.371) with `burst` cells.
package struct Pacer: Sendable {
    private let spacing: Duration
    private let tolerance: Duration
    /// When the next one would be due if all had kept their distance.
    private var due: Duration = .zero

    /// - Parameters:
    ///   - spacing: from one to the next, in the long run.
    ///   - burst: how many may follow each other at once after a pause; at least one.
    package init(spacing: Duration, burst: Int) {
        self.spacing = spacing
        tolerance = spacing * (burst - 1)
    }

    /// Whether it may happen at `now`, on a monotonic clock, and if so, counts it.
    ///
    /// - Returns: `nil` if it may, or else how long to wait.
    package mutating func delay(at now: Duration) -> Duration? {
        if now < due - tolerance { return due - tolerance - now }
        due = max(due, now) + spacing
        return nil
    }
}
