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
            if range.lowerBound == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...range.upperBound
                return
            }
        }
        ranges.append(range)
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package var last: UInt64? { ranges.last?.upperBound }

    /// Calls `body` with every number from `lowest` to `highest` in here.
    ///
    /// What lies outside is skipped, however much it is: ranges come from other processes.
    func forEach(from lowest: UInt64, through highest: UInt64, _ body: (UInt64) -> Void) {
        for range in ranges where range.upperBound >= lowest {
            let first = max(range.lowerBound, lowest)
            let last = min(range.upperBound, highest)
            if first > last { return }
            for number in first...last { body(number) }
        }
    }
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
