import GateRules
import Gates

/// Tokens that are still to be charged on one Redis server, added up by bucket; a bounded number of buckets.
///
/// A value: who sends the charges says what became of them.
struct ChargeBook {
    /// Charges that are sent together, under one number.
    struct Batch: Equatable {
        let number: Int
        let charges: [TokenBuckets.Charge]
    }

    private let capacity: Int
    private var waiting: [TokenQuotas.Bucket: Int] = [:]
    /// Sent, and not known to be made: it is sent again as it was, so that the server knows it.
    private var sent: Batch?
    private var lastNumber = 0
    private static let mostAtOnce = 200

    /// - Parameter capacity: buckets kept at most, at least 1.
    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { waiting.isEmpty && sent == nil }

    /// All that is not known to be made.
    var tokens: Int { waiting.values.reduce(0, +) + (sent?.tokens ?? 0) }

    /// Adds what one answer took.
    ///
    /// - Returns: whether there was room for it.
    mutating func add(_ tokens: Int, to bucket: TokenQuotas.Bucket) -> Bool {
        if let known = waiting[bucket] {
            waiting[bucket] = min(Self.mostTokens, known + tokens)
            return true
        }
        guard waiting.count + (sent?.charges.count ?? 0) < capacity else { return false }
        waiting[bucket] = tokens
        return true
    }

    /// What is to be sent now: the same as before until that is known to be made.
    mutating func next() -> Batch? {
        if let sent { return sent }
        if waiting.isEmpty { return nil }
        lastNumber += 1
        let charges = waiting.prefix(Self.mostAtOnce).map { TokenBuckets.Charge($0.key, tokens: $0.value) }
        for charge in charges { waiting[charge.bucket] = nil }
        sent = Batch(number: lastNumber, charges: charges)
        return sent
    }

    /// What was sent last is known now, whatever became of it.
    mutating func finish() { sent = nil }

    /// One answer has 2^41 at most: sums of them stay within what Lua counts exactly.
    private static let mostTokens = 1 << 52
}

extension ChargeBook.Batch {
    var tokens: Int { charges.reduce(0) { $0 + $1.tokens } }
}
