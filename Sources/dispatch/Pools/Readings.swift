/// The last few numbers of a series, and their median.
///
/// A ring: adding allocates nothing once it is full.
package struct Readings: Sendable, Equatable {
    private let capacity: Int
    private var values: [Double] = []
    private var next = 0

    /// - Parameter capacity: how many of the last numbers count, at least one.
    package init(capacity: Int) {
        precondition(capacity > 0, "readings of nothing have no median")
        self.capacity = capacity
        values.reserveCapacity(capacity)
    }

    package var count: Int { values.count }

    package mutating func add(_ value: Double) {
        if values.count < capacity {
            values.append(value)
        } else {
            values[next] = value
            next = (next + 1) % capacity
        }
    }

    package mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        next = 0
    }

    /// `nil` without any; of an even number the mean of the two in the middle.
    package var median: Double? { values.median }
}

extension [Double] {
    /// `nil` if it is empty; of an even number the mean of the two in the middle.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        let middle = count / 2
        return count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
