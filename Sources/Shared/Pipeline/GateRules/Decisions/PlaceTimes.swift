/// How long requests have held the places of a quota in `concurrency`, and so how soon it is worth asking for the next place.
///
/// Nobody tells when a place is given back: those that wait for one ask again, one after another, some eight times for each
/// that should become free. A value: time is passed in.
package struct PlaceTimes: Sendable, Equatable {
    /// Between two questions of those that share a quota; the longest where nothing is known.
    static let spacings = Duration.milliseconds(2)...Duration.milliseconds(100)
    /// Until one that was refused asks again, where no other waits; the longest where nothing is known.
    static let pauses = Duration.milliseconds(10)...Duration.seconds(1)

    /// Of those that have ended, the last ones above all.
    private var mean: Duration?
    /// When the first place was taken.
    private var begun: Duration?

    package init() {}

    /// A place was taken.
    package mutating func taken(at now: Duration) {
        if begun == nil { begun = now }
    }

    /// A place was given back by a request that has run.
    package mutating func ended(after held: Duration) {
        let held = max(.zero, held)
        mean = mean.map { $0 * 0.75 + held * 0.25 } ?? held
    }

    /// - Parameter limit: places of the quota, at least 1.
    package func spacing(limit: Int, at now: Duration) -> Duration {
        next(limit, now).map { ($0 / 8).limited(to: Self.spacings) } ?? Self.spacings.upperBound
    }

    /// - Parameter limit: places of the quota, at least 1.
    package func pause(limit: Int, at now: Duration) -> Duration {
        next(limit, now).map { ($0 / 2).limited(to: Self.pauses) } ?? Self.pauses.upperBound
    }

    /// How long it takes until one of the places is given back; `nil` for those that others hold.
    private func next(_ limit: Int, _ now: Duration) -> Duration? {
        // As long as none has ended they last as long as that, at least.
        (mean ?? begun.map { max(.zero, now - $0) }).map { $0 / max(1, limit) }
    }
}

extension Duration {
    fileprivate func limited(to range: ClosedRange<Duration>) -> Duration {
        min(range.upperBound, max(range.lowerBound, self))
    }
}
