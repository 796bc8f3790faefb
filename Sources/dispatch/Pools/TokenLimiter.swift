/// How many requests a dispatch process may have at a pool, found by holding the time per token of its own requests at
/// a target.
///
/// In an engine with continuous batching every request of the batch gets its next token from the same step, so the time
/// per token of our requests is that of the online users. Once per *flight* (the median latency: how long a change takes
/// to show) the limit moves by half of what the target is away. When the last few answers are far above the target it
/// is cut at once, by the square of the ratio, since near a full pool latency rises faster than load.
///
/// A value: time is passed in; all times are seconds. Where the law and its constants come from: docs/slack.md.
package struct TokenLimiter: Sendable, Equatable {
    package struct Parameters: Sendable, Equatable {
        /// Seconds per token; `nil`: the learned base times `stretch`.
        package var target: Double?
        package var stretch = 2.0
        /// The most and the least that the limit ever is, and what it begins with.
        package var most = 1000.0
        package var least = 1.0
        package var start = 2.0
        package var gain = 0.5
        /// What the limit grows by at the target, so that processes become equal; at most `extraShare` of the limit.
        package var extra = 1.0
        package var extraShare = 0.1
        /// How many answers an alarm and an update look at.
        package var window = 8
        /// The limit is cut at so many times the target, and to no less than `deepest` of what it was.
        package var alarm = 1.25
        package var deepest = 0.25
        package var shortestFlight = 0.05
        package var longestFlight = 20.0
        /// Until the target is near for the first time since a cut, the limit doubles with each flight.
        package var doubles = true
        /// While tokens take less than so much of the target, what they take above the base tells how much room there is.
        package var near = 0.8
        /// A learned target is no less: what is measured below is the way there, no engine's step.
        package var leastTarget = 0.001
        package var quiet = QuietTimes.Parameters()

        package init(target: Double? = nil, stretch: Double = 2, most: Double = 1000) {
            self.target = target
            self.stretch = stretch
            self.most = most
        }
    }

    /// What a look at the answers has led to.
    package enum Change: Sendable, Equatable {
        /// Tokens took so long: the limit was cut.
        case alarm(observed: Double, target: Double)
        /// A quiet time has told how long tokens take without us.
        case base(Double)
    }

    private struct Reading: Sendable, Equatable {
        let at: Double
        let timePerToken: Double
    }

    package let parameters: Parameters
    package private(set) var limit: Double
    package private(set) var quiet: QuietTimes
    /// How long a change takes to show.
    package private(set) var flight = 1.0
    /// The time per token at the last look, for people.
    package private(set) var observed: Double?
    /// Since the last update.
    private var samples = Readings(capacity: 64)
    /// The last ones that were sent since the last cut.
    private var fast: [Reading] = []
    private var latencies = Readings(capacity: 32)
    private var lastUpdate = 0.0
    package private(set) var lastCut = -1.0
    private var isDoubling: Bool

    package init(_ parameters: Parameters) {
        self.parameters = parameters
        limit = min(parameters.start, parameters.most)
        quiet = QuietTimes(parameters.quiet)
        isDoubling = parameters.doubles
    }

    /// The median latency, without bounds; `nil` before the first answer.
    package var latency: Double? { latencies.median }

    /// The same, as another process has measured it; `nil`: none says so.
    package var heardBase: Double?

    /// The least time per token without asynchronous work: a process that comes while others fill the pool cannot measure
    /// it.
    package var base: Double? { [quiet.base, heardBase].compactMap(\.self).min() }

    /// How many times longer than the target a token may take for now.
    package var leniency = 1.0

    /// What the time per token is held at; `nil` as long as nothing is known.
    package var target: Double? {
        (parameters.target ?? base.map { max(parameters.leastTarget, $0 * parameters.stretch) }).map { $0 * leniency }
    }

    /// An attempt was answered.
    ///
    /// - Parameters:
    ///   - sent, now: when it began and ended.
    ///   - timePerToken: what a token took, seconds.
    package mutating func answered(sent: Double, now: Double, timePerToken: Double) {
        latencies.add(now - sent)
        if quiet.isListening { return quiet.answered(sent: sent, timePerToken: timePerToken, flight: flight) }
        samples.add(timePerToken)
        guard sent >= lastCut else { return }
        if fast.count == parameters.window { fast.removeFirst() }
        fast.append(Reading(at: now, timePerToken: timePerToken))
    }

    /// Looks at the answers; to be called a few times a second, and with each answer if flights are short.
    ///
    /// - Parameters:
    ///   - now: a monotonic clock.
    ///   - wallClock: seconds since 1970, for the quiet times that all processes have at once.
    ///   - inFlight: attempts under way.
    package mutating func look(now: Double, wallClock: Double, inFlight: Int) -> Change? {
        if let median = latencies.median {
            flight = max(parameters.shortestFlight, min(parameters.longestFlight, median))
        }
        let wasListening = quiet.isListening
        quiet.look(now: now, wallClock: wallClock, flight: flight)
        if wasListening, !quiet.isListening {
            (lastUpdate, lastCut) = (now, now)
            forget()
            return quiet.lastBase.map { .base($0) }
        }
        if quiet.isListening { return nil }
        guard let target else {
            // The first answers, with few slots: the best guess so far.
            if samples.count >= 3, let median = samples.median {
                quiet.learn(median, now: now)
                return .base(median)
            }
            return nil
        }
        if now - lastCut >= flight, let observed = alarming(now: now, target: target) {
            let ratio = target / observed
            self.observed = observed
            cut(max(parameters.deepest, ratio * ratio), now: now)
            return .alarm(observed: observed, target: target)
        }
        update(now: now, target: target, inFlight: inFlight)
        return nil
    }

    /// One update per flight, so that the last one has had its effect.
    private mutating func update(now: Double, target: Double, inFlight: Int) {
        let enough = min(Double(parameters.window), max(2, limit / 2))
        guard now - lastUpdate >= flight, Double(samples.count) >= enough, let median = samples.median else { return }
        observed = median
        samples.removeAll()
        lastUpdate = now
        let ratio = ratio(of: target, to: median)
        // What is not used says nothing about more.
        if ratio > 1, Double(inFlight) < 0.75 * limit.rounded(.down) { return }
        if target / median < 1.5 { isDoubling = false }
        let gain = isDoubling ? 1 : parameters.gain
        let extra = min(parameters.extra, parameters.extraShare * limit)
        limit = max(parameters.least, min(parameters.most, limit + gain * (limit * (ratio - 1) + extra)))
    }

    /// How far the limit is from where it should be.
    ///
    /// What requests add to the base grows with their number, so that far from the target the room is known better from that
    /// than from the whole.
    private func ratio(of target: Double, to observed: Double) -> Double {
        let whole = max(0.5, min(2, target / observed))
        guard observed < parameters.near * target, let base, base < target else { return whole }
        return observed <= base ? 2 : max(whole, min(2, (target - base) / (observed - base)))
    }

    /// Takes a part of the limit away at once.
    ///
    /// - Parameter factor: 0...1.
    package mutating func cut(_ factor: Double, now: Double) {
        limit = max(parameters.least, limit * factor)
        (lastCut, lastUpdate) = (now, now)
        isDoubling = false
        forget()
    }

    private mutating func forget() {
        samples.removeAll()
        fast.removeAll(keepingCapacity: true)
    }

    /// The time per token, if that of the last answers is so far above the target that waiting would hurt.
    private func alarming(now: Double, target: Double) -> Double? {
        let last = fast.filter { now - $0.at < max(2, flight) }.map(\.timePerToken)
        guard Double(last.count) >= min(Double(parameters.window), max(3, limit)), let median = last.median else {
            return nil
        }
        return median > parameters.alarm * target ? median : nil
    }
}
