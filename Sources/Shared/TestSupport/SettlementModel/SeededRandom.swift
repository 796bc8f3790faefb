import Primitives

/// All chance of a schedule, from one number.
struct SeededRandom: RandomNumberGenerator {
    private var base: SplitMix64

    init(seed: UInt64) { base = SplitMix64(seed: seed &* 0xA076_1D64_78BD_642F &+ 0xE703_7ED1_A0B4_28DB) }

    mutating func next() -> UInt64 { base.next() }

    /// `true` with this probability, in hundredths.
    mutating func chance(_ hundredths: Int) -> Bool { Int.random(in: 0..<100, using: &self) < hundredths }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Up to `count` of `elements`, in a random order.
    mutating func some<T>(_ count: Int, of elements: [T]) -> [T] {
        Array(elements.shuffled(using: &self).prefix(count))
    }
}
