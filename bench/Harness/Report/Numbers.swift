import Foundation

/// Numbers as people read them.
package enum Numbers {
    /// Three digits that count, and thousands kept apart: `0.42`, `17.3`, `21,400`.
    package static func text(_ value: Double) -> String {
        let size = abs(value)
        if size >= 1000 { return grouped(Int((value / 10).rounded()) * 10) }
        if size >= 100 || value == 0 { return String(Int(value.rounded())) }
        return String(format: size >= 10 ? "%.1f" : "%.2f", value)
    }

    /// `17.3 µs (16.9 – 18.2)`.
    package static func text(_ series: Series) -> String {
        let range = series.values.count > 1 ? " (\(text(series.lowest)) – \(text(series.highest)))" : ""
        return "\(text(series.median)) \(series.unit)\(range)"
    }

    /// `500 B`, `16 KiB`, `4 MiB`.
    package static func bytes(_ count: Int) -> String {
        if count >= 1 << 20 { return "\(count >> 20) MiB" }
        return count >= 1 << 10 ? "\(count >> 10) KiB" : "\(count) B"
    }

    /// A power of ten, or a round number, without needless digits.
    static func axis(_ value: Double) -> String {
        value >= 1 ? grouped(Int(value.rounded())) : String(format: "%g", value)
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(abs(number))[...]
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = digits.dropLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }
}
