import Synchronization

/// A histogram of what is there now, made anew each time: its counts go down as well as up.
package final class SnapshotHistogram: Sendable {
    private struct State {
        /// Up to each limit, and of all.
        var counts: [Int]
        var sum = 0.0
    }

    /// Upper limits, inclusive, ascending.
    package let limits: [Double]
    private let state: Mutex<State>
    private let lines: HistogramLines

    /// - Parameter limits: Ascending; the limit above them all is implied.
    init(name: String, labels: Labels, limits: [Double]) {
        self.limits = limits
        state = Mutex(State(counts: Array(repeating: 0, count: limits.count + 1)))
        lines = HistogramLines(name: name, labels: labels, limits: limits)
    }

    /// Replaces what is shown; the sum counts each value as the middle between the limits around it.
    ///
    /// Below the lowest limit and above the highest one, values count as that limit.
    ///
    /// - Parameters:
    ///   - counts: how many are at most each limit.
    ///   - total: how many there are.
    package func set(_ counts: [Int], total: Int) {
        guard counts.count == limits.count else { return }
        let middles = limits.prefix(1) + zip(limits, limits.dropFirst()).map { ($0 + $1) / 2 } + limits.suffix(1)
        let counts = counts + [total]
        var (sum, below) = (0.0, 0)
        for (middle, count) in zip(middles, counts) {
            sum += middle * Double(count - below)
            below = count
        }
        state.withLock { $0 = State(counts: counts, sum: sum) }
    }
}

extension SnapshotHistogram: Series {
    func emit(into buffer: inout [UInt8]) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        lines.emit(counts.map(Double.init), sum: sum, into: &buffer)
    }
}
