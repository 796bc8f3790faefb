/// When to ask the database again whether anybody has committed.
///
/// A write to the log announces a commit, which follows when the disk has it: so the source asks 250 µs after a write
/// and then ever less often. Pauses grow by half, so a commit is noticed at most half the time later that it took.
///
/// Measured: asking costs 10 µs in a busy process and 170 µs in one that was asleep, which is why a source that is told
/// of writes asks twice a second when there are none.
struct Pause: Sendable, Equatable {
    static let shortest = Duration.microseconds(250)
    /// No sleep is longer, so that a cancelled task ends within 100 ms.
    private static let longestSleep = Duration.milliseconds(80)

    private let longest: Duration
    private var length = shortest
    private var remaining = shortest

    /// - Parameter isTold: whether the source learns of writes by itself, or only by asking.
    init(isTold: Bool) { longest = isTold ? .milliseconds(500) : .milliseconds(50) }

    /// How long to sleep now.
    var sleep: Duration { min(remaining, Self.longestSleep) }

    /// Notes a sleep; says whether it is time to ask.
    ///
    /// - Parameter isWritten: whether the sleep ended because somebody wrote.
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
