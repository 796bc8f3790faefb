package import GatewaySimulator
import Synchronization

/// How the gateway of a run treats requests.
package struct GatewayBehaviour: Sendable, Equatable {
    /// How long an inference takes.
    package var latency: Duration
    /// Share of attempts that are refused: half with 429, a quarter with 503, a quarter cut before the answer.
    package var refused: Double
    /// Every so many-th request takes `slowLatency` instead; 0 for none.
    package var slowEvery: Int
    package var slowLatency: Duration

    package init(
        latency: Duration = .milliseconds(80), refused: Double = 0, slowEvery: Int = 0, slowLatency: Duration = .zero
    ) {
        self.latency = latency
        self.refused = refused
        self.slowEvery = slowEvery
        self.slowLatency = slowLatency
    }

    /// What an attempt that draws `number`, uniform in 0 to 1, meets instead of an answer; `nil` for an answer.
    func refusal(drawn number: Double) -> GatewayAnswer? {
        guard number < refused else { return nil }
        return switch number / refused {
        case ..<0.5: .refusal(429, retryAfter: nil)
        case ..<0.75: .refusal(503, retryAfter: nil)
        default: .cutBeforeAnswer
        }
    }
}

/// Keeps the books on every attempt that reaches the gateway: whose it was, when it began, how it ended.
///
/// Which dispatch process made an attempt shows in its `Authorization`: each has a token of its own, its name.
package final class GatewayBooks: Sendable {
    private struct State {
        var attempts: [Attempt] = []
        /// Attempts per request.
        var counts: [Int: Int] = [:]
        /// Attempts by the gateway's number, while the books are kept in full.
        var places: [Int: Int] = [:]
        var strangers = 0
    }

    private let state = Mutex(State())
    private let clock: RunClock
    private let behaviour: GatewayBehaviour
    private let seed: UInt64
    /// Without it only sums are kept, so that an hour's run needs no memory for each request.
    private let keepsAttempts: Bool

    package init(clock: RunClock, behaviour: GatewayBehaviour, seed: UInt64, keepsAttempts: Bool = true) {
        self.clock = clock
        self.behaviour = behaviour
        self.seed = seed
        self.keepsAttempts = keepsAttempts
    }

    package var settings: GatewaySettings {
        GatewaySettings(
            latency: .fixed(behaviour.latency), records: false, script: { [self] in arrived($0) },
            observe: { [self] in ended($0, $1) }, countsAttempts: false)
    }

    /// Every attempt so far, in the order in which they began.
    package var attempts: [Attempt] { state.withLock(\.attempts) }

    /// Requests that were none of ours.
    package var strangers: Int { state.withLock(\.strangers) }

    private func arrived(_ request: GatewayRequest) -> GatewayAnswer? {
        guard request.method == "POST" else { return nil }
        guard let number = Traffic.number(in: request.body) else {
            state.withLock { $0.strangers += 1 }
            return nil
        }
        let attempt = record(number, request)
        if request.path.hasPrefix("/silent") { return .silent }
        var random = GatewayRandom(seed: seed ^ UInt64(number) << 20 ^ UInt64(attempt))
        if let refusal = behaviour.refusal(drawn: random.uniform()) { return refusal }
        let body = Traffic.answer(to: number, body: request.body)
        let answer = GatewayAnswer.response(200, headers: [], body: Array(body.utf8))
        let isSlow = behaviour.slowEvery > 0 && number % behaviour.slowEvery == 0
        return isSlow ? .after(behaviour.slowLatency, answer) : answer
    }

    /// Which attempt on the request it is, from 1.
    private func record(_ number: Int, _ request: GatewayRequest) -> Int {
        let token = request.header("authorization").map { String($0.dropFirst("Bearer ".count)) } ?? ""
        return state.withLock { state in
            guard keepsAttempts else { return Int(truncatingIfNeeded: request.number) }
            state.places[request.number] = state.attempts.count
            state.attempts.append(Attempt(request: number, process: token, began: clock.now))
            state.counts[number, default: 0] += 1
            return state.counts[number, default: 1]
        }
    }

    private func ended(_ number: Int, _ outcome: GatewayRequest.Outcome) {
        let outcome = Attempt.Outcome(outcome)
        state.withLock { state in
            guard let place = state.places[number] else { return }
            state.attempts[place].ended = clock.now
            state.attempts[place].outcome = outcome
        }
    }
}

extension Attempt.Outcome {
    init(_ outcome: GatewayRequest.Outcome) {
        self =
            switch outcome {
            case .open: .open
            case .answered(let status): (200..<300).contains(status) ? .answered : .refused
            case .cut: .refused
            case .abandoned: .abandoned
            }
    }
}
