extension Pool {
    /// How a pool is; times are seconds.
    package struct Figures: Sendable, Equatable {
        /// What the time per token allows.
        package let limit: Double
        package let active: Int
        /// What `--concurrency` and the gates allow.
        package let cap: Int
        /// Per token.
        package let observed: Double?
        package let target: Double?
        package let base: Double?
        package let quiet: Double?
        package let closedFor: Double
        /// What the gateway is known to carry at once.
        package let places: Double?
        /// Starts per second that it is known to take.
        package let rate: Double?
        package let limitedBy: LimitedBy
        package let gateWords: String

        /// How much slower tokens are than without asynchronous work.
        package var slowdown: Double? {
            guard let observed, let quiet, quiet > 0 else { return nil }
            return observed / quiet
        }

        /// One line for people.
        package var words: String {
            var words = "\(active) of at most \(cap) at once"
            if let observed { words += ", a token takes \(shown(observed))" }
            if let target { words += ", target \(shown(target))" }
            return words + "; " + reason
        }

        private var reason: String {
            switch limitedBy {
            case .target: "held by the target"
            case .shed: places.map { "the gateway refuses more than \(Int($0))" } ?? "the gateway refuses more"
            case .retryAfter: "the gateway wants to be left alone for another \(shown(closedFor))"
            case .breaker: "its gateway is away"
            case .cap: "held by --concurrency"
            case .pace: "starts are spread over time"
            case .quiet: "a quiet time: the base is being measured"
            case .gate:
                (cap == 0 ? "its gate is shut" : "held by its gate") + (gateWords.isEmpty ? "" : ": \(gateWords)")
            case .noWork: "there is room for more than comes"
            }
        }
    }
}

/// Seconds as people read them.
private func shown(_ seconds: Double) -> String {
    func rounded(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
    }
    return seconds < 1 ? rounded(seconds * 1000) + " ms" : rounded(seconds) + " s"
}
