import Glibc

/// The machine's clocks, seconds.
enum Clock {
    /// Since 1970.
    static var now: Double { read(CLOCK_REALTIME) }

    /// Only goes forward.
    static var monotonic: Double { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
