import Glibc

/// How many tokens prompts or answers have: lognormal, cut at both ends.
package struct TokenLengths: Sendable, Equatable {
    package var median: Double
    /// Standard deviation of the logarithm; 0 for always the median.
    package var spread: Double
    package var range: ClosedRange<Int>

    package init(median: Double, spread: Double, range: ClosedRange<Int>) {
        self.median = median
        self.spread = spread
        self.range = range
    }

    func sample(_ random: inout GatewayRandom) -> Int {
        let length = median * exp(spread * random.standardNormal())
        return Int(min(max(length, Double(range.lowerBound)), Double(range.upperBound)))
    }
}
