import Glibc

/// How many requests of a queue end per second, and how long each takes, as one ingest sees it.
///
/// Over 400 ends, a minute at least and half an hour at most: the fewer, the less is known. When the last minute is too far
/// from that to be chance, only the last minute counts: a gateway has stopped, or is back.
///
/// Only time counts in which there is something to do; an idle night says nothing about the next batch. A request that fails
/// leaves its lease too, and is parked: it counts with its first attempt, and what is parked more than before has not ended.
/// Of a queue that several ingest processes serve, each sees its own part. All requests take the same time, whoever leased
/// them; so the parts are as the numbers of leases (Little's law), and the server tells how many leases there are.
///
/// A value: time is passed in, seconds on a clock that only goes forward.
package struct CompletionRate: Sendable, Equatable {
    /// Sums over the seconds with work, in which what is old fades.
    private struct Sums: Sendable, Equatable {
        var seconds = 0.0
        var ends = 0.0
        var pipelineSeconds = 0.0
        var own = 0.0
        var all = 0.0

        /// - Parameter memory: seconds after which what was measured counts for a third.
        mutating func add(_ new: Sums, memory: Double) {
            let fading = exp(-new.seconds / memory)
            seconds = seconds * fading + new.seconds
            ends = max(0, ends * fading + new.ends)
            pipelineSeconds = pipelineSeconds * fading + new.pipelineSeconds
            own = own * fading + new.own
            all = all * fading + new.all
        }

        var rate: Double { seconds > 0 ? ends / seconds : 0 }
    }

    /// Seconds.
    private static let shortest = 60.0
    private static let longest = 1_800.0
    private static let endsRemembered = 400.0
    /// Seconds of measurement before anything is said; what fades is less than what has passed.
    private static let least = 9.0
    /// How many times the scatter of counting (Poisson) is no chance.
    private static let surprise = 4.0
    /// How much less than all must be this process's before others are believed to take part: the two numbers are not of
    /// one moment.
    private static let doubt = 1.05

    // Since the last look.
    private var newEnds = 0
    private var newSeconds = 0.0

    private var recent = Sums()
    private var measured = Sums()
    private var last: Double?
    private var lastParked: Int?
    /// Seconds with work in which nothing has ended yet, since there was none.
    private var silence = 0.0
    private var isUnderWay = false

    package init() {}

    /// A lease has ended of a request that was sent for an attempt.
    ///
    /// What dispatch has given up, because too little time was left for an answer, has ended soon and shortly before its
    /// deadline: it has used no slot, and does not count.
    ///
    /// - Parameters:
    ///   - seconds: since it was sent to dispatch.
    ///   - left: seconds until its deadline.
    ///   - isFirst: no attempt had failed before.
    package mutating func ended(after seconds: Double, left: Double, isFirst: Bool) {
        if let each = secondsEach, left < each, seconds < each / 4 { return }
        // One that was broken off at its deadline has used a slot, and has not been made.
        if isFirst, left > 0 { newEnds += 1 }
        newSeconds += max(0, seconds)
    }

    /// To be called every few seconds.
    ///
    /// - Parameters:
    ///   - hasWork: whether anything waits or is leased.
    ///   - own: leases of this process.
    ///   - all: leases of all processes; `nil` where the server does not tell.
    ///   - parked: requests that wait for a retry; `nil` where it is not known, or gates put requests off that no attempt
    ///     was made of.
    package mutating func look(at now: Double, hasWork: Bool, own: Int, all: Int? = nil, parked: Int? = nil) {
        let passed = last.map { max(0, now - $0) } ?? 0
        let all = max(own, all ?? own)
        // What others have parked is theirs to count.
        let share = all > 0 ? Double(own) / Double(all) : 1
        let moreParked = parked.flatMap { parked in lastParked.map { Double(parked - $0) * share } } ?? 0
        (last, lastParked) = (now, parked)
        defer { (newEnds, newSeconds) = (0, 0) }
        guard hasWork || newSeconds > 0 else {
            (isUnderWay, silence) = (false, 0)
            return
        }
        // The first requests are still at the gateway: that nothing ends says nothing, for a while.
        if !isUnderWay, newSeconds <= 0, silence < Self.shortest {
            silence += passed
            return
        }
        isUnderWay = true
        let new = Sums(
            seconds: passed, ends: Double(newEnds) - moreParked, pipelineSeconds: newSeconds, own: Double(own),
            all: Double(all))
        let memory = measured.rate > 0 ? Self.endsRemembered / measured.rate : Self.shortest
        measured.add(new, memory: min(max(memory, Self.shortest), Self.longest))
        recent.add(new, memory: Self.shortest)
        let expected = measured.rate * recent.seconds
        if abs(recent.ends - expected) > Self.surprise * sqrt(max(expected, recent.ends) + 1) { measured = recent }
    }

    /// Requests that end per second, in all processes; `nil` while too little is known.
    package var perSecond: Double? {
        guard measured.seconds >= Self.least else { return nil }
        let share = measured.own > 0 ? measured.all / measured.own : 1
        return measured.rate * (share > Self.doubt ? share : 1)
    }

    /// Seconds in dispatch that one request takes until it has ended, in all its attempts: what one slot needs for it.
    package var secondsEach: Double? {
        guard measured.seconds >= Self.least, measured.ends >= 1, measured.pipelineSeconds > 0 else { return nil }
        return measured.pipelineSeconds / measured.ends
    }
}
