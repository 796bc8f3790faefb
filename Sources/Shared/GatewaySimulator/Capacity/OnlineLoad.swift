/// How many online users come, and how much each of them asks for.
package struct OnlineLoad: Sendable, Equatable {
    package var shape: Shape
    package var promptTokens: TokenLengths
    package var outputTokens: TokenLengths
    /// The users depend on it and on nothing else.
    package var seed: UInt64

    /// How often they come over time; rates are requests per second and replica, times are seconds.
    package enum Shape: Sendable, Equatable {
        /// A quiet rate with bursts of one length; first a gap, then a burst, and so on.
        case steps(quiet: Double, burst: Double, length: Double, gap: Double)
        /// A sine around a mean, with bursts at random that multiply it.
        ///
        /// `swing` is the share of the mean by which it rises and falls; `length` and `gap` are means.
        case day(mean: Double, swing: Double, period: Double, factor: Double, length: Double, gap: Double)

        /// Reads `steps:QUIET,BURST,LENGTH,GAP`, `day:MEAN,SWING,PERIOD` or `day:MEAN,SWING,PERIOD,FACTOR,LENGTH,GAP`.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            let words = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], words.count) {
            case ("steps", 4):
                guard let quiet = Self.number(words[0]), let burst = Self.number(words[1]),
                    let length = Self.time(words[2]), let gap = Self.time(words[3]), max(quiet, burst) > 0
                else { return nil }
                self = .steps(quiet: quiet, burst: burst, length: length, gap: gap)
            case ("day", 3), ("day", 6):
                let rest = words.count == 6 ? Array(words[3...]) : ["1", "1s", "1s"]
                guard let mean = Self.number(words[0]), mean > 0, let swing = Self.number(words[1]), swing <= 1,
                    let period = Self.time(words[2]), let factor = Self.number(rest[0]), factor >= 1,
                    let length = Self.time(rest[1]), let gap = Self.time(rest[2])
                else { return nil }
                self = .day(mean: mean, swing: swing, period: period, factor: factor, length: length, gap: gap)
            default: return nil
            }
        }

        private static func number(_ text: String) -> Double? {
            Double(text).flatMap { $0 >= 0 && $0 <= 1e6 ? $0 : nil }
        }

        private static func time(_ text: String) -> Double? {
            Duration(latency: text).flatMap { $0 > .zero ? $0 / .seconds(1) : nil }
        }
    }

    package init(
        shape: Shape, promptTokens: TokenLengths = TokenLengths(median: 200, spread: 0.6, range: 4...2000),
        outputTokens: TokenLengths = TokenLengths(median: 60, spread: 0.6, range: 1...400), seed: UInt64 = 0
    ) {
        self.shape = shape
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.seed = seed
    }
}
