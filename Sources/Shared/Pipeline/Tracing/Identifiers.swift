package import Messages
import Primitives

/// Makes names for traces and spans.
package struct Identifiers<Random: RandomNumberGenerator & Sendable>: Sendable {
    private var random: Random
    /// The generator has 64 bits of state: with these, two processes that come to the same state still make other names.
    private let salt: UInt64

    package init(_ random: Random) {
        var random = random
        salt = random.next()
        self.random = random
    }

    package mutating func nextTrace() -> TraceID {
        while true {
            if let trace = TraceID(high: random.next() ^ salt, low: random.next()) { return trace }
        }
    }

    package mutating func nextSpan() -> SpanID {
        while true {
            if let span = SpanID(random.next()) { return span }
        }
    }
}

extension Envelope {
    /// The trace of a request that came without one.
    ///
    /// It is made of what is the same whenever the request comes from its queue. So all its attempts are in one trace, and
    /// all of them are recorded or none, whichever process makes them.
    package var ownTrace: TraceID {
        var hash = TextHash()
        hash.add(queue.utf8)
        hash.add(id.utf8)
        hash.add((requestToken ?? "").utf8)
        withUnsafeBytes(of: deadline.littleEndian) { hash.add($0) }
        return hash.trace
    }
}

/// FNV-1a twice, from different beginnings, and mixed.
///
/// Source: Fowler, Noll, Vo: the FNV non-cryptographic hash algorithm, draft-eastlake-fnv.
private struct TextHash {
    private var high: UInt64 = 0xCBF2_9CE4_8422_2325
    private var low: UInt64 = 0x8422_2325_CBF2_9CE4

    /// Adds a text and where it ends.
    mutating func add(_ text: some Sequence<UInt8>) {
        for byte in text { add(byte) }
        add(0xFF)
    }

    private mutating func add(_ byte: UInt8) {
        high = (high ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        low = (low ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    var trace: TraceID {
        var (first, second) = (SplitMix64(seed: high), SplitMix64(seed: low))
        var names = (high: first.next(), low: second.next())
        while true {
            if let trace = TraceID(high: names.high, low: names.low) { return trace }
            names = (first.next(), second.next())
        }
    }
}
