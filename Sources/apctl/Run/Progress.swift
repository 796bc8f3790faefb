/// How far a run has come and how fast it goes.
struct Progress: Equatable {
    var total: Int
    private(set) var done: Int
    private(set) var failures: Int
    /// Times and counts of the last seconds, oldest first.
    private var samples: [Sample] = []

    private struct Sample: Equatable {
        var time: Double
        var done: Int
    }

    /// Seconds that the rate looks back.
    static let window = 10.0

    /// - Parameters:
    ///   - done: results written before, by a run that was interrupted.
    ///   - now: seconds on a clock that only goes forward.
    init(total: Int, done: Int, failures: Int, now: Double) {
        self.total = total
        self.done = done
        self.failures = failures
        samples = [Sample(time: now, done: done)]
    }

    mutating func record(done: Int, failures: Int, now: Double) {
        self.done = done
        self.failures = failures
        if let last = samples.last, now - last.time < 0.2 { return }
        samples.append(Sample(time: now, done: done))
        while samples.count > 2, samples[1].time <= now - Self.window { samples.removeFirst() }
    }

    /// Results per second over the last seconds.
    func rate(now: Double) -> Double {
        guard let first = samples.first, now - first.time > 0.001 else { return 0 }
        return Double(done - first.done) / (now - first.time)
    }

    /// `nil` while nothing moves.
    func timeLeft(now: Double) -> TimeSpan? {
        let rate = rate(now: now)
        return rate > 0 ? TimeSpan(seconds: Double(total - done) / rate) : nil
    }

    /// One line without a bar.
    func line(now: Double) -> String {
        var text = "\(done) of \(total) done (\(percent) %), \(Self.short(rate(now: now)))/s, \(failures) failed"
        if done < total { text += ", \(timeLeft(now: now).map { "\($0)" } ?? "unknown time") left" }
        return text
    }

    /// One line with a bar as wide as there is room for, at most `columns` characters.
    func bar(columns: Int, now: Double) -> String {
        let left = timeLeft(now: now).map { "\($0)" } ?? "–"
        let text = " \(percent) % \(done)/\(total)  \(Self.short(rate(now: now)))/s  \(failures) failed  \(left) left"
        let width = min(40, columns - text.count - 2)
        guard width >= 5 else { return String(text.dropFirst().prefix(max(0, columns))) }
        let filled = total == 0 ? width : width * done / total
        return "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "]" + text
    }

    private var percent: Int { total == 0 ? 100 : 100 * done / total }

    private static func short(_ rate: Double) -> String {
        rate >= 10 ? "\(Int(rate.rounded()))" : "\((rate * 10).rounded() / 10)"
    }
}
