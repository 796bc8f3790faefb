/// How soon after one another requests were sent and all taken: what tells a gateway that limits the rate from one that
/// limits how many there are at once.
///
/// Where the rate is limited, whatever is refused has followed sooner than anything that was taken. Where places are
/// limited, how soon it comes makes no difference, unless this process sends evenly itself: then what it is refused at a much
/// lower pace says that it is not the rate.
///
/// A value: time is passed in, seconds.
struct StartGaps: Sendable, Equatable {
    /// What has not been refused for so long was taken.
    private static let patience = 0.1
    /// A refusal is on its way for so long.
    private static let wayBack = 0.01
    /// Gaps of more starts in that time are too short to be measured.
    private static let most = 32
    /// The shortest gap counts for so long, and half of it at least.
    private static let memory = 10.0
    /// So many gaps say something.
    private static let enough = 4
    /// Ways to a gateway are not equally long.
    private static let jitter = 0.002
    /// Where requests come as they like, the shortest gap is a smaller part of the usual one.
    private static let evenness = 0.3
    /// Refused so often in a row at such a part of the pace at which it was refused before: it is not the rate.
    private static let slower = 0.8
    private static let contradictions = 4
    private static let firstDoubt = 30.0
    private static let longestDoubt = 300.0

    /// The two shortest: a refusal may be that long on its way that what it refuses seems taken, but hardly twice.
    private struct Half: Sendable, Equatable {
        var least = (first: Double.infinity, second: Double.infinity)
        var count = 0

        mutating func note(_ gap: Double) {
            count += 1
            if gap < least.first { least = (gap, least.first) } else if gap < least.second { least.second = gap }
        }

        static func == (one: Half, other: Half) -> Bool { one.least == other.least && one.count == other.count }
    }

    /// Starts of late that are not known to be refused, in order.
    private var recent: [Double] = []
    private var lastTaken: Double?
    private var earlier = Half()
    private var current = Half()
    private var half = 0
    /// The greatest pace at which something came too soon.
    private var refusedPace = 0.0
    private var slowRefusals = 0
    private var knownUntil = 0.0
    private var doubtUntil = 0.0
    private var doubt = firstDoubt

    /// Whether the rate has been found to be what is limited.
    func isKnown(at now: Double) -> Bool { now < knownUntil }

    mutating func started(at now: Double) {
        settle(at: now)
        if recent.count == Self.most {
            note(0, at: now)
            recent.removeAll(keepingCapacity: true)
            lastTaken = nil
        }
        recent.append(now)
    }

    /// Something that was sent then is refused.
    ///
    /// - Parameter pace: requests that are taken per second.
    /// - Returns: whether it came too soon after another, as far as this explains what has been refused.
    mutating func refused(sent: Double, at now: Double, pace: Double) -> Bool {
        settle(at: now)
        let before = recent.last { $0 < sent } ?? lastTaken
        recent.removeAll { $0 == sent }
        guard let before, before < sent, earlier.count + current.count >= Self.enough else { return false }
        let least = shortest
        return sent - before < least + max(Self.jitter, least / 20) && least * pace > Self.evenness && now >= doubtUntil
    }

    /// Whether the rate is what is limited: something came too soon though there were places.
    ///
    /// What is refused in the next seconds is taken for that, too, until some in a row contradict.
    ///
    /// - Parameters:
    ///   - isSoon: it came too soon after another.
    ///   - carriesMore: there were more at once of late.
    ///   - pace: requests that are sent per second.
    mutating func isOfRate(isSoon: Bool, carriesMore: Bool, at now: Double, pace: Double) -> Bool {
        let isClear = isSoon && carriesMore
        guard isClear || isKnown(at: now) else { return false }
        slowRefusals = !isSoon || pace < Self.slower * refusedPace ? slowRefusals + 1 : 0
        if slowRefusals >= Self.contradictions {
            (doubtUntil, refusedPace, slowRefusals, knownUntil) = (now + doubt, 0, 0, 0)
            doubt = min(Self.longestDoubt, 2 * doubt)
            return false
        }
        refusedPace = max(refusedPace, pace)
        if isClear { knownUntil = now + Self.memory }
        return true
    }

    /// The rate at which two came after one another that were both taken, the highest of late; requests per second.
    var fastest: Double { 1 / max(0.000_001, shortest) }

    /// The shortest gap but one.
    private var shortest: Double {
        min(max(earlier.least.first, current.least.first), earlier.least.second, current.least.second)
    }

    /// Starts of which it cannot be known yet whether they are refused.
    func unknown(at now: Double) -> Int { recent.reversed().prefix { $0 > now - Self.wayBack }.count }

    /// Whether something that was sent since then has not been refused.
    func hasTaken(since time: Double) -> Bool { lastTaken.map { $0 > time } ?? false }

    private mutating func settle(at now: Double) {
        while let first = recent.first, first < now - Self.patience {
            if let lastTaken { note(first - lastTaken, at: first) }
            lastTaken = first
            recent.removeFirst()
        }
    }

    private mutating func note(_ gap: Double, at now: Double) {
        let number = Int(now * 2 / Self.memory)
        if number > half {
            earlier = number == half + 1 ? current : Half()
            current = Half()
            half = number
        }
        current.note(gap)
    }
}
