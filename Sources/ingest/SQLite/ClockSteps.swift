/// Whether a clock that may be set was set back, seen beside one that nobody sets.
///
/// A second or more counts. What happened while nobody looked is not known: at first it counts as set back.
struct ClockSteps: Sendable, Equatable {
    /// Whether it was, since somebody last made this `false`.
    var wasSetBack = true
    private var ahead: Int64?

    /// Both clocks at one moment, in milliseconds.
    mutating func note(clock: Int64, running: Int64) {
        if let ahead, clock - running <= ahead - 1000 { wasSetBack = true }
        ahead = clock - running
    }
}
