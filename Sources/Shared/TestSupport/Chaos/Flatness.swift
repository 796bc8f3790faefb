/// Whether something that is measured again and again stays as it is.
///
/// The rule: the straight line that fits best rises by less than 1 % of the mean in ten minutes, or by less than an
/// allowance in the unit of the values, or by no more than chance explains (two standard errors of its slope). The first
/// ten minutes, or the first sixth of a shorter run, do not count.
package struct Flatness: Sendable, Equatable {
    /// By how much the line rises in ten minutes.
    package var rise: Double
    /// How much of that may be chance.
    package var uncertainty: Double
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
        let line = Self.line(counted)
        rise = line.slope * 600
        uncertainty = line.error * 2 * 600
        isFlat = rise - uncertainty <= max(0.01 * mean, allowance)
    }

    /// Slope of the line with the least squares, per second, and its standard error; zero for fewer than three values.
    private static func line(_ values: [(time: Duration, value: Double)]) -> (slope: Double, error: Double) {
        guard values.count > 2 else { return (0, 0) }
        let count = Double(values.count)
        let times = values.map(\.time.inSeconds)
        let meanTime = times.reduce(0, +) / count
        let meanValue = values.reduce(0) { $0 + $1.value } / count
        let spread = times.reduce(0) { $0 + ($1 - meanTime) * ($1 - meanTime) }
        guard spread > 0 else { return (0, 0) }
        let slope = zip(times, values).reduce(0) { $0 + ($1.0 - meanTime) * ($1.1.value - meanValue) } / spread
        let residue = zip(times, values).reduce(0) { sum, pair in
            let error = pair.1.value - meanValue - slope * (pair.0 - meanTime)
            return sum + error * error
        }
        return (slope, (residue / (count - 2) / spread).squareRoot())
    }
}
