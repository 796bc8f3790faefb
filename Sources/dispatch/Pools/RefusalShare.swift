/// Whether a gateway refuses because of how much is sent to it.
///
/// When it refuses as large a part of much less, the reason is another. That holds for a small part only: a gateway that
/// refuses most of what comes is full of others.
///
/// A value: time is passed in, seconds.
struct RefusalShare: Sendable, Equatable {
    /// A window ends with so many refusals, or attempts; what is taken for granted needs more to be shaken.
    private static let refusals = 10
    private static let refusalsOfIndependent = 40
    private static let attempts = 300
    /// A gateway that refuses more is full.
    private static let large = 0.75
    private static let mostly = 0.65
    /// So much less is sent, and at least such a part of what was is still refused.
    private static let lessSent = 0.75
    private static let stillRefused = 0.5
    /// So many times the part that is taken for granted is more than chance.
    private static let moreRefused = 2.0
    /// Less cannot be sent, requests per second.
    private static let leastPace = 1.5
    private static let firstPause = 30.0
    private static let longestPause = 300.0
    /// Once it was wrong, it is not said again for so long.
    private static let firstCaution = 30.0
    private static let longestCaution = 600.0

    private struct Window: Sendable, Equatable {
        var begin: Double
        var attempts = 0
        var refusals = 0
    }

    /// What was refused when the most was sent.
    private struct Reference: Sendable, Equatable {
        let pace: Double
        let share: Double
        let at: Double
    }

    /// What was refused longer ago may have had other reasons.
    private static let memory = 60.0

    private var window: Window?
    private var reference: Reference?
    private var until = 0.0
    private var pause = firstPause
    /// The part that was refused when this was found.
    private var granted = 0.0
    /// Nothing has been seen since.
    private var isFresh = false
    private var cautiousUntil = 0.0
    private var caution = firstCaution

    /// Whether refusals say nothing about how much may be sent.
    func isIndependent(at now: Double) -> Bool { now < until }

    /// An attempt was answered or refused.
    ///
    /// - Returns: whether refusals turn out to say nothing: what was learned from them is wrong.
    mutating func note(isRefusal: Bool, at now: Double) -> Bool {
        var current = window ?? Window(begin: now)
        current.attempts += 1
        if isRefusal { current.refusals += 1 }
        let enough = isIndependent(at: now) ? Self.refusalsOfIndependent : Self.refusals
        guard current.refusals >= enough || current.attempts >= Self.attempts, now > current.begin else {
            window = current
            return false
        }
        window = nil
        return judge(
            share: Double(current.refusals) / Double(current.attempts),
            pace: Double(current.attempts) / (now - current.begin), at: now)
    }

    private mutating func judge(share: Double, pace: Double, at now: Double) -> Bool {
        if isIndependent(at: now) {
            // It was wrong, or is so no more.
            if share > min(Self.large, Self.moreRefused * granted) { (until, pause) = (0, Self.firstPause) }
            // As soon as more is sent, half of what was taken is refused.
            if isFresh, share > max(Self.mostly, (1 + granted) / 2) {
                (until, cautiousUntil) = (0, now + caution)
                caution = min(Self.longestCaution, 2 * caution)
            }
            isFresh = false
            reference = Reference(pace: pace, share: min(share, Self.large), at: now)
            return false
        }
        guard share > 0, share <= Self.large else { return false }
        guard let known = reference, pace <= known.pace, now - known.at < Self.memory else {
            reference = Reference(pace: pace, share: share, at: now)
            return false
        }
        let isAsBefore = pace <= Self.lessSent * known.pace && share >= Self.stillRefused * known.share
        guard isAsBefore || pace < Self.leastPace, now >= cautiousUntil else { return false }
        (until, granted, isFresh) = (now + pause, share, true)
        pause = min(Self.longestPause, 2 * pause)
        return true
    }
}
