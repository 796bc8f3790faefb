/// Whether something that is measured again and again stays as it is.
///
/// The rule: the straight line that fits best rises by less than 1 % of the mean in ten minutes, or by less than an
/// allowance in the unit of the values. The first ten minutes, or the first sixth of a shorter run, do not count.
package struct Flatness: Sendable, Equatable {
    /// By how much the line rises in ten minutes.
    package var rise: Double
    package var mean: Double
    package var most: Double
    package var isFlat: Bool

    /// - Parameters:
    ///   - values: in the order of their times.
    ///   - allowance: a rise in ten minutes that is nothing to worry about.
    package init(_ values: [(time: Duration, value: Double)], allowance: Double) {
        let end = values.last?.time ?? .zero
        let settled = min(.seconds(600), end / 6)
        let counted = values.filter { $0.time >= settled }
        most = counted.map(\.value).max() ?? 0
        mean = counted.isEmpty ? 0 : counted.reduce(0) { $0 + $1.value } / Double(counted.count)
        rise = Self.slope(counted) * 600
        isFlat = rise <= max(0.01 * mean, allowance)
    }

    /// Of the line with the least squares, per second; zero for fewer than three values.
    private static func slope(_ values: [(time: Duration, value: Double)]) -> Double {
        guard values.count > 2 else { return 0 }
        let times = values.map(\.time.inSeconds)
        let meanTime = times.reduce(0, +) / Double(values.count)
        let meanValue = values.reduce(0) { $0 + $1.value } / Double(values.count)
        let spread = times.reduce(0) { $0 + ($1 - meanTime) * ($1 - meanTime) }
        let product = zip(times, values).reduce(0) { $0 + ($1.0 - meanTime) * ($1.1.value - meanValue) }
        return spread > 0 ? product / spread : 0
    }
}
