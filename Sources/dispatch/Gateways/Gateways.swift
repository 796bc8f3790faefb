package import Attempts
import HTTP
import Messages

/// The gateways that dispatch sends to, and what is known of each: whether there is a connection, and what a queue's
/// requests find there.
///
/// A *lane* is one queue at one gateway. Lanes are numbered from 0, in the order in which they come. The last of
/// `maxLanes` is for all that come later, and the last gateway likewise; those are never held, since what one of them
/// meets must not stop the others.
///
/// A value: time and random numbers are passed in.
package struct Gateways: Sendable {
    private struct Lane: Sendable {
        let queue: String
        let gateway: Int
        var answers = QueueAtGateway()
        var attempts: [AttemptOutcome.Class: Int] = [:]
        var condition = GatewayCondition.unknown
        /// Milliseconds since 1970; 0: from the beginning.
        var since: Int64 = 0
        /// When the last attempt began or ended.
        var usedAt = Duration.zero
    }

    private struct Key: Hashable {
        let queue: ExactText
        let gateway: Int
    }

    /// One attempt as it starts; whoever makes it says with it how it goes on.
    package struct Attempt: Sendable {
        package let lane: Int
        let ownToken: Bool
        /// It is one of few that find out whether there is a connection.
        let trial: UInt64?

        /// Whether `connected` wants to be called.
        package var isTrial: Bool { trial != nil }
    }

    package static let maxLanes = 1000
    /// A queue without attempts for so long needs its gateway no more; one that waits has a probe every few seconds.
    private static let memory = Duration.seconds(60)

    private var gateways: [Gateway] = []
    private var gatewayNumbers: [ExactText: Int] = [:]
    private var lanes: [Lane] = []
    private var laneNumbers: [Key: Int] = [:]
    /// By URL; beyond so many, which messages may name, they are looked at each time.
    private var gatewaysByURL: [ExactText: Int] = [:]
    /// The URL asked for last: the next one is often the same.
    private var recent: (url: ExactText, gateway: Int)?
    /// Trials under way without a connection, as far as is known.
    private var trials: Set<UInt64> = []
    private var lastTrial: UInt64 = 0

    package init() {}

    /// Lanes so far.
    package var count: Int { lanes.count }

    /// The lane of a request, opened if it is new.
    package mutating func lane(queue: String, url: String) -> Int {
        let key = Key(queue: ExactText(queue), gateway: gateway(of: url))
        if let number = laneNumbers[key] { return number }
        guard lanes.count < Self.maxLanes else { return Self.maxLanes - 1 }
        laneNumbers[key] = lanes.count
        lanes.append(Lane(queue: queue, gateway: key.gateway))
        return lanes.count - 1
    }

    private mutating func gateway(of url: String) -> Int {
        let url = ExactText(url)
        if let recent, recent.url == url { return recent.gateway }
        let number = gatewaysByURL[url] ?? find(url.text)
        if gatewaysByURL.count < Self.maxLanes { gatewaysByURL[url] = number }
        recent = (url, number)
        return number
    }

    private mutating func find(_ url: String) -> Int {
        let name = Origin(url)?.text ?? redacted(url)
        let number = gatewayNumbers[ExactText(name)] ?? min(gateways.count, Self.maxLanes - 1)
        if number == gateways.count {
            gatewayNumbers[ExactText(name)] = number
            gateways.append(Gateway(name: name))
        }
        return number
    }

    private func isShared(_ lane: Int) -> Bool {
        lane == Self.maxLanes - 1 || lanes[lane].gateway == Self.maxLanes - 1
    }

    // MARK: - Attempts

    /// Whether requests of a lane wait until their gateway is well.
    package func isHeld(_ lane: Int) -> Bool {
        (gateways[lanes[lane].gateway].breaker.isOpen || lanes[lane].answers.isRefused) && !isShared(lane)
    }

    /// Whether the gateway refuses the deployment's token, whatever a lane's requests are.
    package func refusesToken(_ lane: Int) -> Bool { lanes[lane].answers.isRefused }

    /// The gateway of a lane: scheme, host and port.
    package func name(of lane: Int) -> String { gateways[lanes[lane].gateway].name }
    package func queue(of lane: Int) -> String { lanes[lane].queue }

    /// Every lane that there is.
    package var areAllHeld: Bool { !lanes.isEmpty && lanes.indices.allSatisfy(isHeld) }

    package func mayStart(_ lane: Int, at now: Duration) -> Bool {
        (gateways[lanes[lane].gateway].breaker.mayStart(at: now)
            && lanes[lane].answers.mayStart(at: now)) || isShared(lane)
    }

    /// When a lane's next probe may start; `nil` if it is not held, or a probe is under way.
    package func nextProbe(_ lane: Int) -> Duration? {
        let answers = lanes[lane].answers
        let times = [gateways[lanes[lane].gateway].breaker.nextProbe, answers.isRefused ? answers.nextStart : nil]
        return times.compactMap { $0 }.max()
    }

    package mutating func started(_ lane: Int, ownToken: Bool, at now: Duration) -> Attempt {
        lanes[lane].answers.started(at: now)
        lanes[lane].usedAt = now
        var trial: UInt64?
        if gateways[lanes[lane].gateway].started(at: now) {
            lastTrial += 1
            trial = lastTrial
            trials.insert(lastTrial)
        }
        return Attempt(lane: lane, ownToken: ownToken, trial: trial)
    }

    /// A trial has a connection.
    package mutating func connected(_ attempt: Attempt, at now: Duration) {
        guard let trial = attempt.trial, trials.contains(trial) else { return }
        if gateways[lanes[attempt.lane].gateway].connected(at: now) { trials.remove(trial) }
    }

    /// An attempt is over.
    ///
    /// - Parameter random: a number in 0..<1, a new one each time.
    package mutating func ended(
        _ attempt: Attempt, _ observation: Attempter.Observation, at now: Duration, random: Double
    ) {
        let number = lanes[attempt.lane].gateway
        let isTrial = attempt.trial.map { trials.remove($0) != nil } ?? false
        let isSecure = gateways[number].isSecure
        lanes[attempt.lane].usedAt = now
        lanes[attempt.lane].attempts[observation.attemptClass, default: 0] += 1
        lanes[attempt.lane].answers.ended(
            observation.finding, latency: observation.latency, ownToken: attempt.ownToken,
            isSecure: isSecure, at: now)
        switch observation.finding {
        case .answered: gateways[number].answered(trial: isTrial, at: now)
        case .unreached(let obstacle, let said):
            gateways[number].failed(
                GatewayCondition.words(obstacle, said), connects: obstacle.isBehindConnection, trial: isTrial,
                at: now, random: random)
        case .lost(let said):
            gateways[number].lost(
                GatewayCondition.lost(said, isSecure: isSecure), trial: isTrial, at: now, random: random)
        case .late, .none: gateways[number].abandoned(trial: isTrial, at: now)
        }
    }

    /// The token has changed: who was refused may ask again.
    package mutating func tokenChanged() {
        for lane in lanes.indices { lanes[lane].answers.tokenChanged() }
    }

    // MARK: - What is said

    /// What is known of one lane, for people.
    package struct Report: Sendable, Equatable {
        package let lane: Int
        package let gateway: String
        package let queue: String
        package let condition: GatewayCondition
        /// Milliseconds since 1970; 0: from the beginning.
        package let since: Int64
        /// What is wrong and would cure it; empty if nothing is.
        package let words: String
        package let attempts: [AttemptOutcome.Class: Int]
        /// There are attempts, or were within the last minute.
        package let isUsed: Bool

        package init(
            lane: Int, gateway: String, queue: String, condition: GatewayCondition, since: Int64, words: String,
            attempts: [AttemptOutcome.Class: Int], isUsed: Bool = true
        ) {
            self.isUsed = isUsed
            self.lane = lane
            self.gateway = gateway
            self.queue = queue
            self.condition = condition
            self.since = since
            self.words = words
            self.attempts = attempts
        }
    }

    /// Looks at all lanes; to be called about once a second.
    ///
    /// - Parameters:
    ///   - now: a monotonic clock.
    ///   - date: milliseconds since 1970.
    package mutating func survey(at now: Duration, date: Int64) {
        for gateway in gateways.indices { gateways[gateway].survey(at: now) }
        for lane in lanes.indices {
            lanes[lane].answers.survey(at: now)
            let condition = condition(of: lane, at: now).0
            guard condition != lanes[lane].condition else { continue }
            lanes[lane].condition = condition
            lanes[lane].since = date
        }
    }

    /// The gateways, and whether there are connections to each, as far as is known; `nil` for one that is not used.
    package func connections(at now: Duration) -> [(gateway: String, isUp: Bool?)] {
        let used = Set(lanes.indices.filter { isUsed($0, at: now) }.map { lanes[$0].gateway })
        return gateways.indices.map { number in
            let gateway = gateways[number]
            return (gateway.name, used.contains(number) ? gateway.hasConnected && gateway.trouble(at: now) == nil : nil)
        }
    }

    private func isUsed(_ lane: Int, at now: Duration) -> Bool {
        lanes[lane].answers.active > 0 || now - lanes[lane].usedAt < Self.memory
    }

    /// All lanes, as of the last survey.
    package func reports(at now: Duration) -> [Report] { lanes.indices.map { report($0, at: now) } }

    package func report(_ lane: Int, at now: Duration) -> Report {
        let known = lanes[lane]
        let (condition, words) = condition(of: lane, at: now)
        return Report(
            lane: lane, gateway: gateways[known.gateway].name, queue: known.queue, condition: known.condition,
            since: known.since, words: condition == known.condition ? words : "", attempts: known.attempts,
            isUsed: isUsed(lane, at: now))
    }

    private func condition(of lane: Int, at now: Duration) -> (GatewayCondition, String) {
        let gateway = gateways[lanes[lane].gateway]
        if let trouble = gateway.trouble(at: now) { return (.unreachable, trouble) }
        let answers = lanes[lane].answers.condition(at: now)
        if answers.0 == .silent, !gateway.breaker.isProven {
            let seconds = QueueAtGateway.patience.components.seconds
            return (.unreachable, GatewayCondition.words(.time, "no connection for more than \(seconds) s"))
        }
        return answers
    }
}
