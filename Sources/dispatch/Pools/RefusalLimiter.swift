import Glibc

/// How much a gateway takes, learned from what it refuses: how many requests at once, and how many per second.
///
/// A gateway refuses for one of two reasons. Its places are taken: then what it carried when it refused is what it
/// carries, and one more is tried now and then, ever more seldom. Or they come too fast: then it refuses though it has
/// carried more at once a moment ago, and what it refuses has followed another sooner than anything that it took
/// (`StartGaps`); the rate goes to a little below what it took, and from there it rises, with each second twice as fast.
/// An attempt that was sent before the last cut, or a moment after it, is of the same flight, and changes nothing but the
/// number of places.
///
/// Some refusals have nothing to do with how much is sent, such as those of one tenant's quota: when half as much is sent
/// and the same small share is refused, they are left alone for a while (`RefusalShare`).
///
/// A refusal that names a time closes the gateway for so long, unless it works on others of ours: then there is room as
/// soon as one of them ends.
///
/// A value: time is passed in; all times are seconds.
package struct RefusalLimiter: Sendable, Equatable {
    package struct Parameters: Sendable, Equatable {
        /// No gateway closes itself for longer, the time included by which processes are spread.
        package var longestClose = 30.0
        /// When so many requests in a row are refused, it is about the gateway.
        package var wave = 8
        /// A gateway that refuses everything and names no time is asked again after so long at most.
        package var longestPause = 3.0
        /// What is sent so soon after a cut is of the flight that led to it.
        package var oneFlight = 0.1
        /// What the rate is set to, as a part of what was taken.
        package var margin = 0.96
        /// How fast the rate rises, per second: at first, and at most.
        package var slowRise = 0.02
        package var fastRise = 0.7
        /// The rate rises by so much with each answer, too: without it the share of refusals at which it stands still would
        /// be the smaller the more there is to do.
        package var riseByAnswer = 0.001
        /// The rate after a burst has been refused, unless more was taken.
        package var firstRate = 32.0
        /// Until one more place is tried: at first, and at most.
        package var firstProbe = 1.0
        package var longestProbe = 30.0
        /// Places of which such a part is taken are used up: one of several queues may not have all of them.
        package var used = 0.6
        /// What the gateway has carried at once counts for so long.
        package var memory = 10.0
        /// What is left of the rate when flight after flight is refused.
        package var persistent = [1, 0.85, 0.7, 0.5]
        /// When less than this part of what is sent is taken, it is far too fast.
        package var fewTaken = 0.6
        /// A refusal at less than this part of what it carried of late is about the rate.
        package var sameLoad = 0.8

        package init() {}
    }

    /// What a refusal has led to.
    package enum Cut: Sendable, Equatable {
        /// None: it was of a flight that has been cut, or is about the same number of places.
        case none
        case places
        /// The flights in a row of which something was refused.
        case rate(flights: Int)
    }

    private let parameters: Parameters
    /// Requests at once; `nil`: as far as is known there is no end.
    package private(set) var places: Double?
    /// Starts per second; `nil`: as fast as they come.
    package private(set) var rate: Double?
    package private(set) var closedUntil = 0.0
    /// The gateway has named the time of the last close.
    package private(set) var isClosedByGateway = false
    /// Requests refused since the last answer, `wave` at most, and how often since they were so many.
    private var refusedRequests: Set<Int> = []
    private var refusals = 0
    /// Flights in a row of which something was refused.
    private var refusedFlights = 0
    /// Cuts of the rate in a row at which most of the last second was refused.
    private var mostlyRefused = 0
    private var lastCut = -1.0
    private var taken = Throughput()
    private var offered = Throughput()
    private var carried: Peak
    /// The same without what may be on its way to be refused.
    private var surelyCarried: Peak
    private var share = RefusalShare()
    private var gaps = StartGaps()
    private var riseBegin = 0.0
    /// Seconds since the last refusal in which the rate was used up.
    private var usedFor = 0.0
    /// When the rate lets the next one start.
    private var next = 0.0
    private var nextProbe = 0.0
    private var probeInterval: Double
    private var probeStep = 1.0
    /// More places are tried since the last refusal.
    private var isProbing = false

    package init(_ parameters: Parameters = Parameters()) {
        self.parameters = parameters
        carried = Peak(memory: parameters.memory)
        surelyCarried = carried
        probeInterval = parameters.firstProbe
    }

    /// - Parameter active: attempts under way.
    package func mayStart(at now: Double, active: Int) -> Bool {
        now >= closedUntil && Double(active) < (places ?? .infinity) && (rate == nil || now >= next)
    }

    /// When the next one may start, as far as time is what it waits for; `nil` if it need not.
    package func nextStart(after now: Double) -> Double? {
        let time = max(closedUntil, rate == nil ? 0 : next)
        return time > now ? time : nil
    }

    package mutating func started(at now: Double) {
        gaps.started(at: now)
        offered.add(at: now)
        guard let rate else { return }
        // Some gateways want the same pause before each; only where it is shorter than a timer is exact is it made up for.
        let interval = 1 / rate
        let exactness = 0.004
        next = (interval > exactness ? now : max(next, now - exactness)) + interval
    }

    /// An attempt was answered.
    ///
    /// - Parameter active: attempts under way, itself included.
    package mutating func answered(sent: Double, at now: Double, active: Int) {
        refusedRequests.removeAll(keepingCapacity: true)
        refusals = 0
        note(isRefusal: false, at: now)
        taken.add(at: now)
        carried.note(active, at: now)
        surelyCarried.note(active - gaps.unknown(at: now), at: now)
        if sent >= lastCut { refusedFlights = 0 }
        raiseRate(at: now)
        addPlaces(at: now, active: active)
    }

    /// An attempt was refused.
    ///
    /// - Parameters:
    ///   - request: another number for each request, the same for each attempt at it.
    ///   - active: attempts under way, itself not included.
    ///   - retryAfter: for how long the gateway wants to hear nothing.
    ///   - random: a number in 0..<1, a new one each time.
    package mutating func refused(
        _ request: Int, sent: Double, at now: Double, active: Int, retryAfter: Double?, random: Double
    ) -> Cut {
        if refusedRequests.count < parameters.wave { refusedRequests.insert(request) } else { refusals += 1 }
        note(isRefusal: true, at: now)
        if active == 0 { close(at: now, retryAfter: retryAfter, random: random) }
        let pace = taken.rate(at: now)
        let isSoon = gaps.refused(sent: sent, at: now, pace: pace)
        let carriesMore = active < surelyCarried.value(at: now)
        guard !share.isIndependent(at: now) else { return .none }
        let here = Double(max(1, active))
        guard sent >= lastCut + parameters.oneFlight else {
            // These were under way together: it carries those that it has not refused.
            if !(isSoon && carriesMore) && !gaps.isKnown(at: now) { places = places.map { min($0, here) } }
            return .none
        }
        let isOfRate = gaps.isOfRate(
            isSoon: isSoon, carriesMore: carriesMore, at: now, pace: offered.rate(at: now))
        // Answers to what was sent after the last cut may be long in coming; that it was taken is known sooner.
        if isOfRate, gaps.hasTaken(since: lastCut) { refusedFlights = 0 }
        lastCut = now
        guard !isOfRate, Double(active) >= max(1, parameters.sameLoad * Double(carried.value(at: now))) else {
            slow(at: now, isCertain: isOfRate)
            return .rate(flights: refusedFlights)
        }
        if isProbing { probeInterval = min(parameters.longestProbe, probeInterval * 2) }
        (isProbing, probeStep, nextProbe) = (false, 1, now + probeInterval)
        // Perhaps they were only too many at a time, or too fast as well.
        let most = isSoon ? parameters.margin * min(rate ?? .infinity, 1.1 * pace) : max(4 * pace, parameters.firstRate)
        rate = min(rate ?? .infinity, max(1, most))
        (riseBegin, usedFor) = (now, 5)
        defer { places = here }
        return places == here ? .none : .places
    }

    private mutating func note(isRefusal: Bool, at now: Double) {
        guard share.note(isRefusal: isRefusal, at: now) else { return }
        // Perhaps it is wrong: not so fast that thousands are refused before that is known.
        (places, rate) = (nil, max(4 * taken.rate(at: now), parameters.firstRate))
        (riseBegin, usedFor) = (now, 5)
    }

    /// - Parameter isCertain: it is the rate, and not perhaps places that others have taken.
    private mutating func slow(at now: Double, isCertain: Bool) {
        let (took, sent) = (taken.rate(at: now), offered.rate(at: now))
        mostlyRefused = took < parameters.fewTaken * sent ? mostlyRefused + 1 : 0
        // Of what comes evenly and a little too fast each second is refused, for the moment that it takes to cut the rate.
        let flights = isCertain ? mostlyRefused : refusedFlights
        let factor = parameters.persistent[min(flights, parameters.persistent.count - 1)]
        refusedFlights += 1
        let before = rate ?? max(took, parameters.firstRate)
        // A rate that was not used up is none that was refused: back to it soon.
        usedFor = sent > 0.7 * before ? 0 : 5
        // The first may have come a moment too early; when the next are refused, too, what was taken is what it takes.
        let least = if refusedFlights <= 1 { before } else { isCertain ? gaps.fastest : before / 2 }
        let new = max(1, min(before, max(took, least)) * parameters.margin * factor)
        (rate, riseBegin, next) = (new, now, now + 1 / new)
        places = places.map { max(1, $0 * factor) }
    }

    /// It refuses all that comes, and is asked ever more seldom.
    private mutating func close(at now: Double, retryAfter: Double?, random: Double) {
        // What one request is told is for itself, however often.
        guard refusedRequests.count >= parameters.wave else { return }
        if let retryAfter {
            let pause = min(parameters.longestClose / 1.25, retryAfter) * (1 + random / 4)
            closedUntil = max(closedUntil, now + pause)
            isClosedByGateway = true
        } else {
            let pause = min(parameters.longestPause, 0.25 * exp2(Double(min(refusals, 10))))
            closedUntil = max(closedUntil, now + pause * (0.5 + random / 2))
            isClosedByGateway = false
        }
    }

    private mutating func raiseRate(at now: Double) {
        guard let rate else { return }
        let passed = min(1, max(0, now - riseBegin))
        riseBegin = now
        guard taken.rate(at: now) > 0.7 * rate || share.isIndependent(at: now) else { return }
        usedFor += passed
        let speed = min(
            parameters.fastRise, max(parameters.slowRise * exp2(min(usedFor, 20)), parameters.riseByAnswer * rate))
        // As fast as anything: no limit any more.
        self.rate = rate > 100_000 ? nil : rate * (1 + passed * speed)
    }

    private mutating func addPlaces(at now: Double, active: Int) {
        guard let places, now >= nextProbe, Double(active) >= (parameters.used * places).rounded(.down) else { return }
        if isProbing {
            // What was tried last was there: the next sooner, and more.
            probeInterval = max(parameters.firstProbe / 4, probeInterval / 2)
            probeStep = min(probeStep * 2, places)
        }
        isProbing = true
        nextProbe = now + probeInterval
        self.places = places > 100_000 ? nil : places.rounded(.down) + max(1, probeStep.rounded(.down))
    }
}
