/// Dates in HTTP headers.
///
/// Source: RFC 9110, section 5.6.7.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// Unix seconds of a date in any of the three forms; `nil` for other text.
    ///
    /// - Parameter now: Unix seconds, to know the century of a year with two digits: it lies at most 50 years ahead.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        // Sun, 06 Nov 1994 08:49:37 GMT | Sunday, 06-Nov-94 08:49:37 GMT | Sun Nov  6 08:49:37 1994
        var parts = text.split(whereSeparator: { " ,-:".contains($0) })
        guard text.utf8.count <= 40, parts.count >= 7, weekdays.contains(String(parts[0].prefix(3))) else { return nil }
        if parts.count == 7 {
            parts = [parts[0], parts[2], parts[1], parts[6], parts[3], parts[4], parts[5]]
        } else if parts.count != 8 || parts[7] != "GMT" {
            return nil
        }
        guard let month = months.firstIndex(of: String(parts[2])), let day = number(parts[1], 1...31),
            var year = number(parts[3], 0...9999), let hour = number(parts[4], 0...23),
            let minute = number(parts[5], 0...59), let second = number(parts[6], 0...60)
        else { return nil }
        if parts[3].utf8.count == 2 { year = fullYear(year, now: now) }
        guard day <= days(inMonth: Int64(month) + 1, year: year) else { return nil }
        return daysSince1970(year, Int64(month) + 1, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int64>) -> Int64? {
        guard text.utf8.allSatisfy(isDigit) else { return nil }
        return Int64(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// The latest year with these last two digits that is at most 50 years ahead.
    private static func fullYear(_ twoDigits: Int64, now: Int64) -> Int64 {
        let last = 1970 + now / 31_556_952 + 50
        return last - ((last - twoDigits) % 100 + 100) % 100
    }

    private static func days(inMonth month: Int64, year: Int64) -> Int64 {
        let next: (year: Int64, month: Int64) = month == 12 ? (year + 1, 1) : (year, month + 1)
        return daysSince1970(next.year, next.month, 1) - daysSince1970(year, month, 1)
    }

    /// Days of the Gregorian calendar, counted in years that begin in March so that the leap day comes last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let monthsSinceMarch = (month + 9) % 12
        let leapDays = floorDivide(year, 4) - floorDivide(year, 100) + floorDivide(year, 400)
        return year * 365 + leapDays + (monthsSinceMarch * 153 + 2) / 5 + day - 1 - 719_468
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}

/// The `Retry-After` header.
package enum RetryAfter {
    /// Longer waits are cut to this many seconds (68 years).
    private static let maxSeconds: Int64 = 1 << 31

    /// Milliseconds that the gateway asks to wait: 0 for a date that is over, `nil` for what is neither whole seconds
    /// nor a date.
    ///
    /// - Parameter now: Unix seconds.
    package static func parse(_ value: String, now: Int64) -> Int64? {
        let text = value.filter { !$0.isNewline }.split(separator: " ", omittingEmptySubsequences: true)
            .joined(separator: " ")
        if text.isEmpty { return nil }
        if text.utf8.allSatisfy(isDigit) {
            return min(Int64(text) ?? maxSeconds, maxSeconds) * 1000
        }
        return HTTPDate.parse(text, now: now).map { min(max($0 - now, 0), maxSeconds) * 1000 }
    }
}
