import Primitives

/// Numbers that depend on a seed only.
package struct GatewayRandom: RandomNumberGenerator, Sendable {
    private var base: SplitMix64

    package init(seed: UInt64) { base = SplitMix64(seed: seed) }

    /// The numbers of one attempt of one request.
    init(seed: UInt64, key: UInt64, attempt: Int) {
        var mixed = SplitMix64(seed: seed ^ key)
        base = SplitMix64(seed: mixed.next() &+ UInt64(attempt))
    }

    package mutating func next() -> UInt64 { base.next() }

    /// Uniform in 0 to 1, without 1.
    package mutating func uniform() -> Double { base.uniform() }
}

/// A number for a run of bytes: FNV-1a, 64 bits.
func fingerprint(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
}
