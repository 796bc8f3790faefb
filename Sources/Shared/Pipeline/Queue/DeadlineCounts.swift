/// How many requests have deadlines up to each of a row of times; exact at these, whatever lies between.
package struct DeadlineCounts: Sendable, Equatable {
    package struct Point: Sendable, Equatable {
        /// Seconds from now; negative when it is over.
        package let left: Double
        /// Requests whose deadline is then or earlier.
        package let count: Int

        package init(left: Double, count: Int) {
            self.left = left
            self.count = count
        }
    }

    /// Ascending in both.
    package private(set) var points: [Point]
    /// With the latest deadlines, too.
    package private(set) var total: Int

    /// - Parameter points: in any order. Counts that were taken one after the other may contradict each other, because
    ///   requests come and go meanwhile: an earlier time never has more than a later one.
    package init(_ points: [Point], total: Int) {
        var most = 0
        self.points = points.sorted { $0.left < $1.left }.map { point in
            most = max(most, point.count)
            return Point(left: point.left, count: most)
        }
        self.total = max(total, most)
    }

    /// With what was counted at further times.
    package func adding(_ more: [Point]) -> DeadlineCounts { DeadlineCounts(points + more, total: total) }

    /// Requests whose deadline is at most so far away; exact at the times that were asked for.
    package func count(within seconds: Double) -> Int { points.last { $0.left <= seconds }?.count ?? 0 }
}

/// The times at which deadlines are counted: few, whatever waits.
package enum DeadlineLadder {
    /// Of llm-d-async's histogram of deadlines, milliseconds.
    package static let limits: [Double] = [
        0, 1_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
        86_400_000,
    ]

    /// Seconds from now: those of the histogram, and between and above them steps of an eighth, up to a month.
    package static let steps: [Double] = {
        var steps = Set(limits.map { $0 / 1000 })
        var step = 1.0
        while step < 30 * 86_400 {
            steps.insert(step.rounded())
            step *= 1.125
        }
        return steps.sorted()
    }()

    private static let refined = 4
    private static let parts = 16

    /// Further times: the steps in which most deadlines lie, in sixteen parts each.
    ///
    /// Requests of one batch mostly have one deadline: between two steps of an eighth it could be anywhere.
    package static func refine(_ counts: DeadlineCounts) -> [Double] {
        let steps = zip(counts.points, counts.points.dropFirst())
        let full = steps.map { (low: $0.left, high: $1.left, count: $1.count - $0.count) }.filter { $0.count > 0 }
        return full.sorted { $0.count > $1.count }.prefix(refined).flatMap { step in
            (1..<parts).map { step.low + (step.high - step.low) * Double($0) / Double(parts) }
        }
    }
}
