import Messages

/// Decides how often something that happens request by request is said: once a minute for each queue.
package struct ExcessLog: Sendable {
    package static let interval = Duration.seconds(60)
    /// Names are the producers' choice, more or less: queues beyond this many are said together.
    private static let maxQueues = 1000

    private struct Entry {
        var lastLine: Duration
        var silent = 0
    }

    private var entries: [ExactText: Entry] = [:]

    package init() {}

    /// It has happened; how often it has, without a line, since the last one, or `nil` if this is one more of those.
    ///
    /// - Parameter now: a monotonic clock.
    package mutating func note(queue: String, now: Duration) -> Int? {
        var key = ExactText(queue)
        if entries[key] == nil, entries.count >= Self.maxQueues { key = ExactText("") }
        guard let entry = entries[key] else {
            entries[key] = Entry(lastLine: now)
            return 0
        }
        guard now - entry.lastLine >= Self.interval else {
            entries[key]?.silent += 1
            return nil
        }
        entries[key] = Entry(lastLine: now)
        return entry.silent
    }
}
