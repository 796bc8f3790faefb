import GatewaySimulator

/// Numbers that depend on a seed only.
package struct ChaosRandom: RandomNumberGenerator, Sendable {
    private var source: GatewayRandom

    package init(seed: UInt64) { source = GatewayRandom(seed: seed) }

    /// The seed of one cell: other cells, or their order, do not change it.
    package static func seed(_ seed: UInt64, of name: String) -> UInt64 {
        name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    package mutating func next() -> UInt64 { source.next() }

    /// Uniform in 0 to 1, without 1.
    package mutating func uniform() -> Double { source.uniform() }
}
