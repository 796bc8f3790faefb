/// When to query the database again for commits of other connections.
///
/// A write to the log announces a commit, which follows when the disk has it: so the source queries 250 µs after a
/// write and then at growing intervals. Pauses grow by half, so the delay in noticing a commit is at most half of the
/// time that the commit took.
///
/// Measured on a shared 2-core machine: from a producer's commit to the end of `lease` 0.3 ms (median), 0.6 ms (90th
/// percentile) on a quiet disk. A query costs 170 µs in a process that was asleep, so a source that is notified of
/// writes queries twice a second when there are none: 0.09 % of a core, against 0.33 % for a query every 50 ms.
struct Pause: Sendable, Equatable {
    static let shortest = Duration.microseconds(250)
    /// No sleep is longer, so that a cancelled task ends within 100 ms.
    private static let maxSleep = Duration.milliseconds(80)

    private let longest: Duration
    private var length = shortest
    private var remaining = shortest

    /// - Parameter isTold: whether the source is notified of writes, or has to poll.
    init(isTold: Bool) { longest = isTold ? .milliseconds(500) : .milliseconds(50) }

    /// How long to sleep now.
    var sleep: Duration { min(remaining, Self.maxSleep) }

    /// Records a sleep; returns whether it is time to query.
    ///
    /// - Parameter isWritten: whether the sleep ended because of a write.
    mutating func pass(_ time: Duration, isWritten: Bool) -> Bool {
        remaining -= time
        if isWritten {
            length = Self.shortest
        } else if remaining <= .zero {
            length = min(length * 3 / 2, longest)
        } else {
            return false
        }
        remaining = length
        return true
    }
}
