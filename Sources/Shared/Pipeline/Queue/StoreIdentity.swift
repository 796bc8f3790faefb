/// Which store holds the requests of a queue: ingest writes it beside each lease, emit compares it with its own.
///
/// It is made of the kind of queue and of what the store itself knows: a random name that it keeps, so that it goes
/// where the data goes, or where it is and whose. 64 bits: the kind in the lowest eight, a hash in the others.
package struct StoreIdentity: Sendable, Hashable, CustomStringConvertible {
    /// As it travels; never 0.
    package let number: UInt64

    package init(_ kind: QueueKind, named name: String) {
        number = Self.hash(name.utf8) << 8 | UInt64(kind.descriptor.number)
    }

    /// As it arrived.
    package init(number: UInt64) { self.number = number }

    /// FNV-1a, 64 bits. Source: draft-eastlake-fnv
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// Such as `the redis-sortedset store 00c0ffee12345678`.
    package var description: String {
        let byte = UInt8(truncatingIfNeeded: number)
        let kind = QueueKind.allCases.first { $0.descriptor.number == byte }.map { "\($0.rawValue) " } ?? ""
        let digits = String(number >> 8, radix: 16)
        return "the \(kind)store \(String(repeating: "0", count: 14 - digits.count))\(digits)"
    }
}

/// What a store answers to who it is.
package enum StoreAnswer: Sendable, Equatable {
    case store(StoreIdentity)
    /// It cannot be found out, and that will stay so until somebody changes something: then nobody compares.
    case unknown(reason: String)
}
