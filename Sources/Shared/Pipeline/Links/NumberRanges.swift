/// Message numbers of one session as ranges in rising order that do not touch each other.
package struct NumberRanges: Sendable, Equatable {
    package private(set) var ranges: [ClosedRange<UInt64>]

    package init() { ranges = [] }

    /// Adds `number`, which must be higher than every number in here.
    package mutating func append(_ number: UInt64) { append(number...number) }

    /// Adds `range`, which must begin above every number in here.
    package mutating func append(_ range: ClosedRange<UInt64>) {
        if let last = ranges.last {
            precondition(range.lowerBound > last.upperBound, "ranges must rise")
            if range.lowerBound - 1 == last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...range.upperBound
                return
            }
        }
        ranges.append(range)
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// How many numbers they hold.
    package var count: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) + 1 } }

    package var last: UInt64? { ranges.last?.upperBound }
}

extension NumberRanges: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: ClosedRange<UInt64>...) {
        self.init()
        for element in elements { append(element) }
    }
}

/// Asks, for numbers in rising order, whether each is in some ranges; one pass over them altogether.
struct RangeCursor {
    private let ranges: [ClosedRange<UInt64>]
    private var index = 0

    init(_ numbers: NumberRanges) { ranges = numbers.ranges }

    mutating func contains(_ number: UInt64) -> Bool {
        while index < ranges.count, ranges[index].upperBound < number { index += 1 }
        return index < ranges.count && ranges[index].lowerBound <= number
    }
}
