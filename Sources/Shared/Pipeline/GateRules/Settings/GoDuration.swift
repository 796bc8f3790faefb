/// Reads durations as Go writes them: `1m30s`, `0.5h`, `250ms`, `-2s`, `0`.
///
/// Source: Go, package time, ParseDuration.
package enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// `nil` for what Go would not read, and for more than 292 years.
    package static func read(_ text: String) -> Duration? {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if let sign = rest.first, sign == "-" || sign == "+" { rest.removeFirst() }
        if rest == "0" { return .zero }
        var sum = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest[unit.endIndex...]
            guard digits != ".", let number = Double(digits.hasPrefix(".") ? "0\(digits)" : "\(digits)"),
                let size = units.first(where: { $0.name == unit })?.nanoseconds
            else { return nil }
            sum += number * size
        }
        guard sum < 9.2e18 else { return nil }
        return .nanoseconds(Int64(isNegative ? -sum : sum))
    }
}
