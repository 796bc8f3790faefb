import Glibc

/// Online users as they come: the same in every run with the same seed, whatever else the replicas have to do.
///
/// A Poisson process whose rate changes, by thinning: candidates come at the highest rate, and each is kept with the share
/// that the rate of its moment is of that.
struct OnlineUsers: Sendable {
    private let load: OnlineLoad
    private let replicas: Double
    private var bursts: OnlineBursts
    private var random: GatewayRandom
    private var candidate = 0.0
    private var count = 0
    /// The one who comes next.
    private(set) var next: CapacityJob

    init(_ load: OnlineLoad, replicas: Int) {
        self.load = load
        self.replicas = Double(replicas)
        bursts = OnlineBursts(load)
        random = GatewayRandom(seed: load.seed, key: fingerprint("online users".utf8), attempt: 1)
        next = CapacityJob(id: 0, isOnline: true, isSheddable: false, promptTokens: 0, outputTokens: 1, sent: 0)
        draw()
    }

    /// The next one, and makes up the one after.
    mutating func take() -> CapacityJob {
        defer { draw() }
        return next
    }

    private mutating func draw() {
        repeat {
            candidate -= log(1 - random.uniform()) / (highestRate * replicas)
        } while random.uniform() * highestRate >= rate(at: candidate)
        count += 1
        // Below zero, where no request that came over HTTP has its number.
        next = CapacityJob(
            id: -count, isOnline: true, isSheddable: false, promptTokens: load.promptTokens.sample(&random),
            outputTokens: load.outputTokens.sample(&random), sent: candidate)
    }

    /// Per replica.
    private var highestRate: Double {
        switch load.shape {
        case .steps(let quiet, let burst, _, _): max(quiet, burst)
        case .day(let mean, let swing, _, let factor, _, _): mean * (1 + swing) * factor
        }
    }

    private mutating func rate(at time: Double) -> Double {
        let isBurst = bursts.isOn(at: time)
        switch load.shape {
        case .steps(let quiet, let burst, _, _): return isBurst ? burst : quiet
        case .day(let mean, let swing, let period, let factor, _, _):
            return mean * (1 - swing * sin(2 * Double.pi * (time / period + 0.08))) * (isBurst ? factor : 1)
        }
    }
}
