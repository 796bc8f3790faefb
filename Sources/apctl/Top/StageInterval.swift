/// Two readings of one process, between which it was not restarted.
struct StageInterval {
    let before: StageReading
    let after: StageReading
    private let counted: (before: StageFigures, after: StageFigures)
    let seconds: Double

    /// `nil` where nothing can be said of the time between them: figures are missing, or begin anew.
    init?(_ before: StageReading, _ after: StageReading) {
        guard let first = before.figures, let last = after.figures, after.time - before.time > 0.001,
            !after.isRestarted(since: before)
        else { return nil }
        self.before = before
        self.after = after
        counted = (first, last)
        seconds = after.time - before.time
    }

    /// By how much a counter has grown each second; `nil`: it does not have it.
    func perSecond(
        _ counter: StageFigures.Metric, where isWanted: (StageFigures.Labels) -> Bool = { _ in true }
    ) -> Double? {
        guard let last = counted.after.sum(counter, where: isWanted) else { return nil }
        return max(0, last - (counted.before.sum(counter, where: isWanted) ?? 0)) / seconds
    }

    /// The same for each value of a label.
    func perSecond(_ counter: StageFigures.Metric, by label: String) -> [String: Double] {
        Dictionary(growth(counter, by: [label]).map { ($0.key.first ?? "", $0.value / seconds) }) { first, _ in first }
    }

    /// By how much a counter has grown, by the values of labels.
    func growth(_ counter: StageFigures.Metric, by labels: [String]) -> [[String]: Double] {
        let earlier = counted.before.sums(counter, by: labels)
        return counted.after.sums(counter, by: labels).reduce(into: [:]) {
            $0[$1.key] = max(0, $1.value - (earlier[$1.key] ?? 0))
        }
    }
}
