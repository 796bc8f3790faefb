import Primitives

/// All chance of a schedule, from one number.
struct SimulatorRandom {
    private var base: SplitMix64

    init(seed: UInt64) { base = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 &+ 0x2545_F491_4F6C_DD1D) }

    mutating func next() -> UInt64 { base.next() }

    /// A number in `range`, each as likely.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// `true` with this probability, in thousandths.
    mutating func chance(_ thousandths: Int) -> Bool { Int(next() % 1000) < thousandths }

    mutating func element<T>(_ elements: [T]) -> T { elements[number(0...elements.count - 1)] }
}
