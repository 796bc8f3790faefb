import Glibc

/// Any number of times, and their percentiles to a tenth of a percent, in memory that does not grow.
struct Percentiles: Sendable, Equatable {
    private var counts: [Int: Int] = [:]
    private(set) var count = 0
    /// Seconds, all together.
    private(set) var sum = 0.0

    /// The ratio of the bounds of one class of times.
    private static let ratio = log(1.001)

    mutating func add(_ seconds: Double) {
        counts[Int((log(max(seconds, 1e-9)) / Self.ratio).rounded()), default: 0] += 1
        count += 1
        sum += seconds
    }

    var mean: Double { count > 0 ? sum / Double(count) : 0 }

    /// The time that `share` of all are not above; 0 when there are none.
    func value(_ share: Double) -> Double {
        var left = Int((share * Double(count)).rounded(.up))
        for (index, count) in counts.sorted(by: { $0.key < $1.key }) {
            left -= count
            if left <= 0 { return exp(Double(index) * Self.ratio) }
        }
        return 0
    }
}
