/// Decides which changes of gateways are worth a line: each, but of one that changes often only now and then.
///
/// A value.
package struct ConditionLog: Sendable {
    private struct Entry {
        var condition = GatewayCondition.unknown
        var lastLine = Duration.zero
        var gap = firstGap
    }

    private static let firstGap = Duration.seconds(1)
    private static let longestGap = Duration.seconds(60)
    /// After so long without a change the next one is news again.
    private static let calm = Duration.seconds(300)
    private var entries: [Int: Entry] = [:]

    package init() {}

    /// The lanes of which something new is to be said, as of `now`.
    package mutating func news(in reports: [Gateways.Report], at now: Duration) -> [Gateways.Report] {
        reports.filter { report in
            var entry = entries[report.lane, default: Entry()]
            guard report.condition != entry.condition else { return false }
            let quiet = now - entry.lastLine
            guard entry.condition == .unknown || quiet >= entry.gap else { return false }
            entry.gap = quiet >= Self.calm ? Self.firstGap : min(entry.gap * 2, Self.longestGap)
            entry.condition = report.condition
            entry.lastLine = now
            entries[report.lane] = entry
            return true
        }
    }
}
