/// What there is to see of a run.
struct RunScene: Equatable, Sendable {
    var progress: Progress
    var failures = FailureCauses()
    var backlog = Backlog()
    /// `nil` while nothing is known.
    var gateway: GatewayReport?
    /// Somebody has asked it to stop, and what has been sent is finished.
    var isFinishing = false
    /// Of the machine's clock when the parked requests are compared with it, seconds since 1970.
    var wallClock = 0.0
    /// Good answers when this command began; `nil` while that is not known.
    var goodBefore: Int?
    /// When files and queue answered last, on the clock of `now`.
    var lastStep: Double?

    /// One line without a bar.
    func line(now: Double) -> String {
        let progress = "\(progress.done) of \(progress.total) done (\(progress.percent) %)"
        return ([progress] + parts(now: now)).joined(separator: ", ")
    }

    /// One line with a bar as wide as there is room for, at most `columns` characters.
    func bar(columns: Int, now: Double) -> String {
        let counts = " \(progress.percent) % \(progress.done)/\(progress.total)"
        let text = ([counts] + parts(now: now)).joined(separator: "  ")
        let width = min(40, columns - text.count - 2)
        guard width >= 5 else { return String(text.dropFirst().prefix(max(0, columns))) }
        let filled = progress.total == 0 ? width : width * progress.done / progress.total
        return "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "]" + text
    }

    /// What hurts stands first: a narrow terminal cuts the end.
    private func parts(now: Double) -> [String] {
        if isFinishing {
            let count = backlog.leased == 1 ? "1 request" : "\(backlog.leased) requests"
            return ["finishing \(count), Ctrl-C again to give up"] + [stall(now: now)].compactMap(\.self)
        }
        var parts = [stall(now: now), gateway?.summary, parked].compactMap(\.self)
        parts += [failed, "\(Self.short(progress.rate(now: now)))/s"]
        if progress.done < progress.total { parts.append("\(left(now: now).map { "\($0)" } ?? "unknown time") left") }
        return parts
    }

    private var failed: String {
        guard let first = failures.sorted.first else { return "0 failed" }
        return failures.sorted.count == 1
            ? "\(failures.count) failed (\(first.name))" : "\(failures.count) failed (\(first.name): \(first.count))"
    }

    private var parked: String? {
        guard backlog.parked > 0 else { return nil }
        let due = backlog.nextDue.map { max(0, $0 - wallClock) }
        return "\(backlog.parked) to be retried" + (due.map { ", next in \(TimeSpan(seconds: $0))" } ?? "")
    }

    /// Files and queue are looked at fifty times a second, if they answer.
    private func stall(now: Double) -> String? {
        guard let lastStep, now - lastStep >= 5 else { return nil }
        return "the disk has not answered for \(TimeSpan(seconds: now - lastStep))"
    }

    /// `nil` where nobody can know: nothing moves, or the gateway is of no use.
    private func left(now: Double) -> TimeSpan? {
        if gateway?.isHopeless == true { return nil }
        guard let left = progress.timeLeft(now: now) else { return nil }
        // When all that is left waits to be tried again, the rate says nothing.
        let waits = backlog.parked >= progress.total - progress.done ? (backlog.nextDue ?? 0) - wallClock : 0
        return TimeSpan(seconds: max(left.seconds, waits))
    }

    private static func short(_ rate: Double) -> String {
        rate >= 10 ? "\(Int(rate.rounded()))" : "\((rate * 10).rounded() / 10)"
    }
}
