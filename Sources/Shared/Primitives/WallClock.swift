import Glibc

/// The time of day, for deadlines on the wire.
///
/// Everything else is measured on the event loop's clock.
package struct WallClock: Sendable, Equatable {
    /// Milliseconds since 1970.
    package var milliseconds: Int64
    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { milliseconds / 1000 }

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// - Parameter seconds: since 1970; cut to what has milliseconds.
    package init(seconds: Int64) {
        let (milliseconds, isTooFar) = seconds.multipliedReportingOverflow(by: 1000)
        self.milliseconds = isTooFar ? (seconds < 0 ? .min : .max) : milliseconds
    }

    /// Source: clock_gettime(2), CLOCK_REALTIME.
    package static func now() -> WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallClock(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

extension WallClock: CustomStringConvertible {
    /// Such as `2026-11-29T12:04:05Z`; what is before 1970 or after 9999 is told as the first or the last moment of these.
    ///
    /// Source: RFC 3339, section 1: years have four digits.
    package var description: String {
        var (time, parts) = (time_t(max(0, min(seconds, 253_402_300_799))), tm())
        guard gmtime_r(&time, &parts) != nil else { return "\(milliseconds) ms" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

/// Nanoseconds of a clock that nobody sets; it stands while the machine sleeps, and goes on while the process is stopped.
///
/// Source: clock_gettime(2), CLOCK_MONOTONIC.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
