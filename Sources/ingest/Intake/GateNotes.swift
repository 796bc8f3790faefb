/// Why gates have kept requests back, for the results of those whose deadline passes meanwhile.
///
/// What is noted is about rows of requests and about queues, not about single requests: these are in their queue, and
/// another process may have been the one that put them off. A value: times are passed in, milliseconds since 1970.
package struct GateNotes: Sendable, Equatable {
    /// Values of metadata are others' choice: of more rows nothing is noted.
    package static let most = 4096
    /// How long words are kept after the time to which they have put requests off.
    private static let grace: Int64 = 60_000
    /// Gates that were open for so long in between were not closed all the time.
    private static let gap: Int64 = 1000

    private struct Refusal: Sendable, Equatable {
        var words: String
        var end: Int64
    }

    private struct Closure: Sendable, Equatable {
        var words: String
        var since: Int64
        /// When it was open again; `nil`: it is not.
        var end: Int64?
    }

    private var refusals: [Int: Refusal] = [:]
    private var nextSweep: Int64 = 0
    /// By queue: the last time.
    private var closures: [Int: Closure] = [:]

    package init() {}

    /// A request was put off.
    ///
    /// - Parameters:
    ///   - row: the same for all that share a quota.
    ///   - end: the time to which it was put off.
    package mutating func refused(_ words: String, row: Int, until end: Int64, at now: Int64) {
        if refusals.count >= Self.most, refusals[row] == nil, now >= nextSweep {
            refusals = refusals.filter { $0.value.end > now }
            nextSweep = now + 1000
        }
        guard refusals.count < Self.most || refusals[row] != nil else { return }
        let end = max(end + Self.grace, refusals[row]?.end ?? 0)
        refusals[row] = Refusal(words: words, end: end)
    }

    /// The gates of a queue were looked at.
    ///
    /// - Parameter words: why nothing may start; `nil` if something may.
    package mutating func looked(_ queue: Int, closedBy words: String?, at now: Int64) {
        guard let words else {
            if closures[queue]?.end == nil { closures[queue]?.end = now }
            return
        }
        if let known = closures[queue], known.end.map({ now - $0 <= Self.gap }) ?? true {
            closures[queue] = Closure(words: words, since: known.since)
        } else {
            closures[queue] = Closure(words: words, since: now)
        }
    }

    /// Whether the gates of a queue were closed when they were last looked at.
    package func isClosed(_ queue: Int) -> Bool { closures[queue].map { $0.end == nil } ?? false }

    /// What has kept a request back when its deadline passed; `nil` if that is not known.
    package func words(row: Int, queue: Int, deadline: Int64, at now: Int64) -> String? {
        if let closure = closures[queue], closure.since <= deadline, deadline <= closure.end ?? .max {
            return closure.words
        }
        return refusals[row].flatMap { $0.end > now ? $0.words : nil }
    }
}
