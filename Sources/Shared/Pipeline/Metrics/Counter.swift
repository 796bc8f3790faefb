import Synchronization

/// A number that only grows, until the process ends.
///
/// Kept by whoever counts: an increment is one relaxed atomic addition.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    private let line: [UInt8]

    init(name: String, labels: Labels) { line = labels.sampleStart(of: name) }

    package func increment(by amount: Int = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// What has been counted so far.
    package var value: Int { count.load(ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

extension Counter: Series {
    func emit(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: line)
        buffer.append(contentsOf: String(value).utf8)
        buffer.append(UInt8(ascii: "\n"))
    }
}
