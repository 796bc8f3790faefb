import Foundation
import Primitives

/// A time of day in UTC, to the millisecond, as ISO 8601 has it: `2026-01-31T23:59:59.042Z`.
struct LogTime: CustomStringConvertible {
    let milliseconds: Int64

    /// - Parameter milliseconds: Since 1970.
    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    static func now() -> LogTime { LogTime(milliseconds: WallClock.now().milliseconds) }

    var description: String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        // gmtime_r(3); cheaper than a formatter, which a log at debug would feel.
        gmtime_r(&seconds, &parts)
        let date = "\(pad(parts.tm_year + 1900, 4))-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))"
        let time = "\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2))"
        return "\(date)T\(time).\(pad(Int32(milliseconds % 1000), 3))Z"
    }

    private func pad(_ number: Int32, _ width: Int) -> String { String(number).zeroPadded(to: width) }
}
