import Glibc

/// When there are bursts of online users; asked for times that never go back.
struct OnlineBursts: Sendable {
    private let shape: OnlineLoad.Shape
    private var random: GatewayRandom
    private var burst: Range<Double>

    init(_ load: OnlineLoad) {
        shape = load.shape
        random = GatewayRandom(seed: load.seed, key: fingerprint("bursts".utf8), attempt: 1)
        burst = 0..<0
    }

    /// Whether there is one at `time`.
    mutating func isOn(at time: Double) -> Bool {
        switch shape {
        case .steps(_, _, let length, let gap):
            return time.truncatingRemainder(dividingBy: gap + length) >= gap
        case .day(_, _, _, let factor, let length, let gap):
            guard factor > 1 else { return false }
            while burst.upperBound <= time {
                let start = burst.upperBound - gap * log(1 - random.uniform())
                burst = start..<start - length * log(1 - random.uniform()) + 1e-6
            }
            return burst.contains(time)
        }
    }
}
