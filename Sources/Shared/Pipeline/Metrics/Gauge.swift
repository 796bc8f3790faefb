import Synchronization

/// A number that goes up and down.
package final class Gauge: Sendable {
    /// The bits of a `Double`.
    private let bits = Atomic<UInt64>(0)
    private let line: [UInt8]

    init(name: String, labels: Labels) { line = labels.sampleStart(of: name) }

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    package func set(_ value: Int) { set(Double(value)) }

    package func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

extension Gauge: Series {
    func emit(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: line)
        buffer.append(number: value)
    }
}

/// A gauge or a counter that is read when somebody asks.
struct ReadSeries: Series {
    let line: [UInt8]
    let read: @Sendable () -> Double

    func emit(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: line)
        buffer.append(number: read())
    }
}
