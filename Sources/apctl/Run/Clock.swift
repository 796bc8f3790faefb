import Primitives

/// The machine's clocks, seconds.
enum Clock {
    /// Since 1970.
    static var now: Double { Double(WallClock.now().milliseconds) / 1000 }

    /// Only goes forward; from 0, when it is asked for the first time.
    static var monotonic: Double { (ContinuousClock.now - start) / .seconds(1) }

    private static let start = ContinuousClock.now
}
