import Glibc

/// How long something takes: always the same, or drawn from a distribution; never below zero.
package enum Latency: Sendable, Equatable, CustomStringConvertible {
    case fixed(Duration)
    case uniform(Duration, Duration)
    case normal(mean: Duration, deviation: Duration)
    case exponential(mean: Duration)
    /// `spread` is the standard deviation of the logarithm: 0.5 is a moderate tail, 1 a long one.
    case lognormal(median: Duration, spread: Double)

    /// Reads `100ms`, `uniform:50ms,200ms`, `normal:100ms,20ms`, `exponential:100ms` or `lognormal:100ms,0.5`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let arguments = (parts.last ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let times = arguments.map(Duration.init(latency:))
        switch (parts.count == 2 ? parts[0] : "fixed", arguments.count) {
        case ("fixed", 1):
            guard let time = times[0] else { return nil }
            self = .fixed(time)
        case ("uniform", 2):
            guard let low = times[0], let high = times[1], low <= high else { return nil }
            self = .uniform(low, high)
        case ("normal", 2):
            guard let mean = times[0], let deviation = times[1] else { return nil }
            self = .normal(mean: mean, deviation: deviation)
        case ("exponential", 1):
            guard let mean = times[0] else { return nil }
            self = .exponential(mean: mean)
        case ("lognormal", 2):
            guard let median = times[0], let spread = Double(arguments[1]), spread >= 0, spread.isFinite else {
                return nil
            }
            self = .lognormal(median: median, spread: spread)
        default:
            return nil
        }
    }

    package func sample(_ random: inout GatewayRandom) -> Duration {
        switch self {
        case .fixed(let time): time
        case .uniform(let low, let high): low + (high - low) * random.uniform()
        case .normal(let mean, let deviation): max(.zero, mean + deviation * random.standardNormal())
        case .exponential(let mean): mean * -log(1 - random.uniform())
        case .lognormal(let median, let spread): median * exp(spread * random.standardNormal())
        }
    }

    package var description: String {
        switch self {
        case .fixed(let time): time == .zero ? "none" : "\(time)"
        case .uniform(let low, let high): "\(low) to \(high)"
        case .normal(let mean, let deviation): "normal, mean \(mean), deviation \(deviation)"
        case .exponential(let mean): "exponential, mean \(mean)"
        case .lognormal(let median, let spread): "lognormal, median \(median), spread \(spread)"
        }
    }
}

extension GatewayRandom {
    /// Normal with mean 0 and deviation 1, by Box and Muller's method.
    mutating func standardNormal() -> Double {
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * Double.pi * uniform())
    }
}

extension Duration {
    /// Reads a number with a unit, such as `250us`, `100ms`, `1.5s` or `2m`, or a bare `0`.
    ///
    /// Not negative, at most an hour.
    package init?(latency text: String) {
        let units: [(suffix: String, seconds: Double)] = [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60)]
        if text == "0" {
            self = .zero
            return
        }
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
            let value = Double(text.dropLast(unit.suffix.count)), value >= 0, value * unit.seconds <= 3600
        else { return nil }
        self = .seconds(value * unit.seconds)
    }
}
