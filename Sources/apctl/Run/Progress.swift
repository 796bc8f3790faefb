/// How far a run has come and how fast it goes.
struct Progress: Equatable, Sendable {
    var total: Int
    private(set) var done: Int
    /// Times and counts of the last minutes, oldest first.
    private var samples: [Sample] = []

    private struct Sample: Equatable {
        var time: Double
        var done: Int
    }

    /// Seconds that the rate looks back; longer, up to `longWindow`, while fewer than `enough` results came in them: a
    /// gateway may take minutes for each.
    static let window = 10.0
    static let longWindow = 300.0
    static let enough = 20

    /// - Parameters:
    ///   - done: results written before, by a run that was interrupted.
    ///   - now: seconds on a clock that only goes forward.
    init(total: Int, done: Int, now: Double) {
        self.total = total
        self.done = done
        samples = [Sample(time: now, done: done)]
    }

    mutating func record(done: Int, now: Double) {
        self.done = done
        if let last = samples.last, now - last.time < 0.2 { return }
        samples.append(Sample(time: now, done: done))
        while samples.count > 2, samples[1].time <= now - Self.longWindow { samples.removeFirst() }
    }

    /// Results per second over the last seconds.
    func rate(now: Double) -> Double {
        guard var start = samples.last else { return 0 }
        for sample in samples.reversed().dropFirst() where sample.time >= now - Self.longWindow {
            if now - start.time >= Self.window, done - start.done >= Self.enough { break }
            start = sample
        }
        guard now - start.time > 0.001 else { return 0 }
        return Double(done - start.done) / (now - start.time)
    }

    /// `nil` while nothing moves.
    func timeLeft(now: Double) -> TimeSpan? {
        let rate = rate(now: now)
        return rate > 0 ? TimeSpan(seconds: Double(total - done) / rate) : nil
    }

    var percent: Int { total == 0 ? 100 : 100 * done / total }
}
