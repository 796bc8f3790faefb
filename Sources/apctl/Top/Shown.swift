/// Numbers as the screen shows them; `–` stands for what is not known.
///
/// They come from other processes: any number is fit to be shown.
enum Shown {
    static let unknown = "–"

    /// `12,300`, `123k`, `1.23M`.
    static func count(_ number: Double?) -> String {
        guard let number, number.isFinite, abs(number) < 1e15 else { return unknown }
        let whole = abs(number).rounded()
        let sign = number < 0 && whole > 0 ? "-" : ""
        if whole < 100_000 {
            let (thousands, rest) = (Int(whole) / 1000, Int(whole) % 1000)
            return sign + (thousands > 0 ? "\(thousands),\(padded(rest, 3))" : "\(rest)")
        }
        let unit = [(1e12, "T"), (1e9, "G"), (1e6, "M")].first { whole >= $0.0 } ?? (1e3, "k")
        return sign + threeDigits(whole / unit.0) + unit.1
    }

    /// Of something each second: `0`, `<0.1`, `4.2`, `41`.
    static func rate(_ number: Double?) -> String {
        guard let number, number.isFinite, number >= 0, number < 9.95, number > 0 else { return count(number) }
        return number < 0.05 ? "<0.1" : oneDecimal(number)
    }

    /// `4.2/s`.
    static func perSecond(_ number: Double?) -> String { "\(rate(number))/s" }

    /// `12 ms`, `1.2 s`, `3:20`.
    static func milliseconds(_ number: Double?) -> String {
        guard let number, number.isFinite, number >= 0 else { return unknown }
        return number < 999.5 ? "\(Int(number.rounded())) ms" : seconds(number / 1000)
    }

    /// `0.4 s`, `12 s`, `3:20`.
    static func seconds(_ number: Double?) -> String {
        guard let number, number.isFinite, number >= 0 else { return unknown }
        return number < 9.95 ? "\(oneDecimal(number)) s" : "\(TimeSpan(seconds: number))"
    }

    /// `58 MiB`, `1.2 GiB`.
    static func bytes(_ number: Double?) -> String {
        guard let number, number.isFinite, number >= 0, number < 1e15 else { return unknown }
        let megabytes = number / 1_048_576
        if megabytes < 9.95 { return "\(oneDecimal(megabytes)) MiB" }
        return megabytes < 1023.5 ? "\(Int(megabytes.rounded())) MiB" : "\(threeDigits(megabytes / 1024)) GiB"
    }

    /// `12 %`; `<1 %` for what is little and not nothing.
    static func percent(_ share: Double?) -> String {
        guard let share, share.isFinite, share >= 0, share < 1e9 else { return unknown }
        return share > 0 && share < 0.005 ? "<1 %" : "\(Int((share * 100).rounded())) %"
    }

    /// `2.1`, also for whole numbers: what is looked at again and again keeps its place.
    private static func oneDecimal(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func threeDigits(_ number: Double) -> String {
        if number >= 99.95 { return "\(Int(number.rounded()))" }
        if number >= 9.995 { return oneDecimal(number) }
        let hundredths = Int((number * 100).rounded())
        return "\(hundredths / 100).\(padded(hundredths % 100, 2))"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
