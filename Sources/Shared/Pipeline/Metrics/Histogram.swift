import Synchronization

/// How often values fell below each of a fixed row of limits.
///
/// `observe` takes a lock nobody else holds except a scrape, and allocates nothing.
package final class Histogram: Sendable {
    private struct State {
        /// One more than there are limits: the last is for what lies above all of them.
        var counts: [UInt64]
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

    /// Counts one value, in the unit of the limits.
    package func observe(_ value: Double) {
        let index = limits.firstIndex { value <= $0 } ?? limits.count
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    /// How many values were observed, and their sum.
    package var total: (count: UInt64, sum: Double) {
        state.withLock { ($0.counts.reduce(0, +), $0.sum) }
    }
}

extension Histogram: Series {
    func emit(into buffer: inout [UInt8]) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var cumulative: UInt64 = 0
        let upTo = counts.map { count in
            cumulative += count
            return Double(cumulative)
        }
        lines.emit(upTo, sum: sum, into: &buffer)
    }
}
