/// When a pool is nearly free of asynchronous work, and how long its tokens take then.
///
/// What an idle pool would do cannot be measured by a process that always fills it. So at every full ten minutes of the
/// wall clock all dispatch processes, wherever they are, use two slots at most until a few answers have come. A process
/// begins with such a time. Their median is one base; the least of a day is what counts.
///
/// A value: time is passed in, seconds.
package struct QuietTimes: Sendable, Equatable {
    package struct Parameters: Sendable, Equatable {
        /// From one quiet time to the next; 0 for none.
        package var every = 600.0
        /// It lasts so long beyond the flight of what was under way, and so many flights at least: an answer that counts is
        /// of a request that was sent after those were over.
        package var length = 8.0
        package var flights = 1.25
        /// Answers that end it early, and the fewest that make a base.
        package var enough = 8
        package var fewest = 2
        /// A base counts for so long.
        package var memory = 86_400.0
        /// Whether the first begins at once.
        package var beginsAtOnce = true

        package init() {}
    }

    private struct Base: Sendable, Equatable {
        let at: Double
        let timePerToken: Double
    }

    private let parameters: Parameters
    private var bases: [Base] = []
    private var readings: [Double] = []
    private var begin: Double?
    /// The full time of the wall clock that the last one belongs to.
    private var period: Double
    package private(set) var isListening: Bool
    private var isFirst: Bool
    /// How many quiet times have ended with a base.
    package private(set) var count = 0
    /// What the one that has just ended told; `nil` for nothing.
    package private(set) var lastBase: Double?
    /// What the last one told that told something.
    package private(set) var latest: Double?

    package init(_ parameters: Parameters) {
        self.parameters = parameters
        period = -1
        isListening = parameters.every > 0 && parameters.beginsAtOnce
        isFirst = isListening
    }

    /// Slots that may be used while it is quiet.
    package static let slots = 2

    /// The least base of the last day; `nil` if there is none.
    package var base: Double? { bases.lazy.map(\.timePerToken).min() }

    package mutating func answered(sent: Double, timePerToken: Double, flight: Double) {
        // What was sent while there were more of ours has felt them.
        guard isFirst || sent >= (begin ?? 0) + flight, readings.count < 64 else { return }
        readings.append(timePerToken)
    }

    /// Notes a base that was had otherwise.
    package mutating func learn(_ base: Double, now: Double) {
        bases.removeAll { now - $0.at > parameters.memory }
        // A base that another is below of, and outlives, never counts again.
        bases.removeAll { $0.timePerToken >= base }
        bases.append(Base(at: now, timePerToken: base))
        (lastBase, latest) = (base, base)
    }

    private func length(_ flight: Double) -> Double {
        flight + max(parameters.length, parameters.flights * flight)
    }

    /// Begins and ends quiet times; to be called a few times a second.
    ///
    /// - Parameter wallClock: seconds since 1970.
    package mutating func look(now: Double, wallClock: Double, flight: Double) {
        guard parameters.every > 0 else { return }
        let full = wallClock - wallClock.truncatingRemainder(dividingBy: parameters.every)
        if isListening {
            let since = begin ?? now
            begin = since
            guard readings.count >= parameters.enough || now - since >= length(flight) else { return }
            // Without a base nothing could be held at it: the first goes on until it has one.
            if isFirst, readings.count < parameters.fewest { return }
            (isListening, isFirst, lastBase) = (false, false, nil)
            if readings.count >= parameters.fewest, let median = readings.median {
                learn(median, now: now)
                count += 1
            }
            readings.removeAll(keepingCapacity: true)
        } else if wallClock - full < 0.5, full != period, period >= 0 {
            isListening = true
            begin = now
            lastBase = nil
        }
        period = full
    }
}
