import Primitives
import Settings

/// A process of a stage, by where it answers.
struct ProcessID: Hashable, CustomStringConvertible {
    var stage: StageName
    /// Host and port.
    var address: String

    var description: String { "\(stage.rawValue) \(address.onOneLine)" }
}

/// What one process said, once.
struct StageReading {
    var report: StageReport
    /// `nil`: it did not tell them.
    var figures: StageFigures?
    /// When it had answered, seconds on a clock that only goes forward.
    var time: Double

    /// - Parameter report: Of which no more is kept than is looked at.
    init(report: StageReport, figures: StageFigures?, time: Double) {
        self.report = report.limited
        self.figures = figures
        self.time = time
    }

    var id: ProcessID { ProcessID(stage: report.stage, address: report.address.authority) }

    /// Whether it is another process than the one that has said `earlier`.
    func isRestarted(since earlier: StageReading) -> Bool {
        if let start = figures?.sum(.start), let before = earlier.figures?.sum(.start) {
            return abs(start - before) > 0.01
        }
        guard let uptime = report.status?.uptimeSeconds, let before = earlier.report.status?.uptimeSeconds else {
            return false
        }
        return uptime < before
    }

    /// Asks for all that a stage tells; blocks the thread.
    static func ask(_ stage: StageName, at address: HTTPAddress, timeout: Duration) -> StageReading {
        let report = StageReport.ask(stage, at: address, timeout: timeout)
        var figures: StageFigures?
        // The figures of another stage that answers there are not those of this one.
        if report.status?.stage == stage.rawValue {
            var place = address
            place.path = "/metrics"
            // A page has some kilobytes for each queue.
            let answer = try? HTTPGet.fetch(place, timeout: timeout, mostBytes: 16 << 20)
            if let answer, answer.status == 200 { figures = StageFigures(page: answer.body) }
        }
        return StageReading(report: report, figures: figures, time: Clock.monotonic)
    }
}

/// What all processes said at one time.
struct Round {
    /// Seconds on the clock of the readings.
    var time: Double
    /// For people.
    var wallClock: WallClock
    /// In the order of a request's way.
    var readings: [StageReading]

    /// Such as `12:04:05Z`.
    var timeOfDay: String { String("\(wallClock)".drop { $0 != "T" }.dropFirst()) }
}
