import DequeModule

/// The numbers of a session that are not over, in rising order, each with its state.
///
/// Numbers are given out one after the other, from 1. The cost in memory and time depends on how many numbers are open,
/// not on the distance between them: a message that stays open for minutes while hundreds of thousands pass is one
/// entry. Finding a number takes one step if all numbers between the first and the last are open, and a few more if
/// fewer are.
struct OpenWindow<Value: Sendable>: Sendable {
    private struct Entry {
        let number: UInt64
        var value: Value
        var isOpen = true
    }

    /// The first entry is open; at most as many entries are closed as are open, plus `spare`.
    private var entries: Deque<Entry> = []
    /// Highest number used; 0 for none.
    private(set) var last: UInt64 = 0
    /// How many are open.
    private(set) var count = 0

    /// For tests: entries, open and not.
    var entryCount: Int { entries.count }

    private static var spare: Int { 64 }

    /// The lowest number that is open; the next one to be used when none is.
    var base: UInt64 { entries.first?.number ?? last + 1 }

    /// The state of the lowest number that is open.
    var first: Value? { entries.first?.value }

    /// Opens the next number.
    mutating func append(_ value: Value) {
        last += 1
        count += 1
        entries.append(Entry(number: last, value: value))
    }

    /// The state of an open number; `nil` when it is over, or was never used.
    subscript(_ number: UInt64) -> Value? {
        guard let index = index(of: number) else { return nil }
        return entries[index].value
    }

    /// Does nothing for a number that is not open.
    mutating func update(_ number: UInt64, to value: Value) {
        if let index = index(of: number) { entries[index].value = value }
    }

    /// The number is over.
    mutating func close(_ number: UInt64) {
        guard let index = index(of: number) else { return }
        entries[index].isOpen = false
        count -= 1
        while let head = entries.first, !head.isOpen { entries.removeFirst() }
        if entries.count - count > count + Self.spare { entries.removeAll { !$0.isOpen } }
    }

    /// Calls `body` with each open number, in rising order.
    func forEach(_ body: (UInt64, Value) -> Void) {
        for entry in entries where entry.isOpen { body(entry.number, entry.value) }
    }

    /// Adds the open numbers within `ranges` to `found`.
    ///
    /// Other numbers in the ranges cost nothing, because the ranges come from other processes and may be huge.
    func find(in ranges: NumberRanges, into found: inout [UInt64]) {
        for range in ranges.ranges where range.upperBound >= base {
            if range.lowerBound > last { return }
            var index = position(of: range.lowerBound)
            while index < entries.count, entries[index].number <= range.upperBound {
                if entries[index].isOpen { found.append(entries[index].number) }
                index += 1
            }
        }
    }

    /// The open numbers.
    var open: NumberRanges {
        var numbers = NumberRanges()
        forEach { number, _ in numbers.append(number) }
        return numbers
    }

    /// The numbers that are over.
    var over: NumberRanges {
        var numbers = NumberRanges()
        var next: UInt64 = 1
        forEach { number, _ in
            if number > next { numbers.append(next...number - 1) }
            next = number + 1
        }
        if next <= last { numbers.append(next...last) }
        return numbers
    }

    private func index(of number: UInt64) -> Int? {
        let index = position(of: number)
        guard index < entries.count, entries[index].number == number, entries[index].isOpen else { return nil }
        return index
    }

    /// Where the number stands, or would stand.
    ///
    /// From one entry to the next the numbers rise by at least 1, which bounds the place from both sides.
    private func position(of number: UInt64) -> Int {
        guard let first = entries.first?.number, let last = entries.last?.number, number > first else { return 0 }
        if number > last { return entries.count }
        let end = entries.count - 1
        var high = Int(min(number - first, UInt64(end)))
        var low = end - Int(min(last - number, UInt64(end)))
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
