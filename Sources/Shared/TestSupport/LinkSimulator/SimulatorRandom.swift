/// All chance of a schedule, from one number.
///
/// Source: SplitMix64; Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014.
struct SimulatorRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 &+ 0x2545_F491_4F6C_DD1D }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number in `range`, each as likely.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// `true` with this probability, in thousandths.
    mutating func chance(_ thousandths: Int) -> Bool { Int(next() % 1000) < thousandths }

    mutating func element<T>(_ elements: [T]) -> T { elements[number(0...elements.count - 1)] }
}
