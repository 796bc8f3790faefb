/// All chance of a schedule, from one number.
///
/// Source: SplitMix64; Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xA076_1D64_78BD_642F &+ 0xE703_7ED1_A0B4_28DB }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// `true` with this probability, in hundredths.
    mutating func chance(_ hundredths: Int) -> Bool { Int.random(in: 0..<100, using: &self) < hundredths }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Up to `count` of `elements`, in a random order.
    mutating func some<T>(_ count: Int, of elements: [T]) -> [T] {
        Array(elements.shuffled(using: &self).prefix(count))
    }
}
