/// Delays between attempts: doubling from `first` to `longest`, each drawn from its upper half.
package struct ReconnectDelay: Sendable, Equatable {
    private let first: Duration
    private let longest: Duration
    private var cap: Duration

    package init(first: Duration = .milliseconds(50), longest: Duration = .seconds(2)) {
        self.first = first
        self.longest = longest
        cap = first
    }

    /// How long to wait after one more failure.
    ///
    /// - Parameter random: Uniform in 0..<1.
    package mutating func next(random: Double = .random(in: 0..<1)) -> Duration {
        let delay = cap * (0.5 + random / 2)
        cap = min(longest, cap * 2)
        return delay
    }

    package mutating func reset() { cap = first }
}
