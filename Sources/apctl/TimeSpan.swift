import ArgumentParser

/// A length of time as people write it: `90s`, `30m`, `24h`, `7d`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    var seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        let units: [(suffix: String, seconds: Double)] = [
            ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
        ]
        guard let unit = units.first(where: { argument.hasSuffix($0.suffix) }),
            let value = Double(argument.dropLast(unit.suffix.count)), value > 0, value * unit.seconds <= 1e9
        else { return nil }
        seconds = value * unit.seconds
    }

    var duration: Duration { .seconds(seconds) }

    /// As it would be written: `24h`.
    var defaultValueDescription: String {
        let units: [(Double, String)] = [(3600, "h"), (60, "m")]
        let unit = units.first { seconds.truncatingRemainder(dividingBy: $0.0) == 0 } ?? (1, "s")
        let value = seconds / unit.0
        return value == value.rounded() ? "\(Int(value))\(unit.1)" : "\(value)\(unit.1)"
    }
}

extension TimeSpan: CustomStringConvertible {
    /// `45 s`, `3:20` or `2:05:00`, for people.
    var description: String {
        // Numbers of others may be anything.
        let whole = Int(max(0, min(seconds.rounded(), 1e15)))
        if whole < 60 { return "\(whole) s" }
        let (minutes, rest) = (whole / 60 % 60, whole % 60)
        if whole < 3600 { return "\(minutes):\(Self.twoDigits(rest))" }
        return "\(whole / 3600):\(Self.twoDigits(minutes)):\(Self.twoDigits(rest))"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
