import Messages

/// What a number in a header may be.
///
/// A value outside makes the message undecodable, or a hello or report unreadable. The bounds are far above what is
/// meant, and so low that no difference, sum, or change of unit (down to nanoseconds for delays) leaves 64 bits.
package enum WireRange {
    /// Unix seconds; as milliseconds up to 2^53, which a JSON reader takes exactly.
    package static let unixSeconds: ClosedRange<Int64> = 0...(1 << 53) / 1000
    /// Milliseconds since 1970.
    package static let unixMilliseconds: ClosedRange<Int64> = 0...1 << 53
    /// Milliseconds: a hundred years.
    package static let delay: ClosedRange<Int64> = 0...3_155_760_000_000
    /// Attempts, deliveries, losses.
    package static let count: ClosedRange<Int> = 0...Int(Int32.max)
    /// 0 for none.
    package static let tier: ClosedRange<Int> = 0...6
    /// Tokens of one answer.
    package static let tokens: ClosedRange<Int> = 0...1 << 40
    /// Bytes of a model's name.
    package static let model = RequestLimits.maxModel
    /// Quotas that one request is charged to.
    package static let charges = RequestLimits.maxCharges
    /// Bytes of the name of one of them.
    static let charge = RequestLimits.maxCharge
    /// Bytes of the name of a pool, in notes.
    static let pool = 4 << 10
    /// Microseconds that a token may take: an hour.
    static let base: ClosedRange<UInt64> = 0...3_600_000_000
    package static let statusCode: ClosedRange<Int> = 100...999
    /// Numbers of messages, hellos and reports, and limits; 0 where nothing has been numbered yet.
    package static let number: ClosedRange<UInt64> = 0...1 << 62
    /// Header fields of one attempt.
    package static let headerFields = 10_000
    /// Bytes of an id, or of the name of a destination.
    package static let name = 64 << 10
    /// Bytes of the name of a queue, which is part of the settings.
    package static let queue = 4 << 10
    /// Ranges, or refusals, in one hello or report: no receiver has room for more messages than twice this.
    static let ranges = 1 << 19
    /// Bytes of an ack address: a host name has at most 253, RFC 1035.
    static let ackAddress: ClosedRange<Int> = 1...300

    static func check(_ fields: KeyValuePairs<String, UInt64>) throws(WireError) {
        for (name, value) in fields where !number.contains(value) { throw .field(name) }
    }
}

extension ClosedRange {
    /// The value itself, or the bound that it is beyond.
    func clamping(_ value: Bound) -> Bound { Swift.min(Swift.max(value, lowerBound), upperBound) }
}

/// Numbers as they are written: what is outside the range no reader takes, so it is written as the nearest that is.
///
/// A deadline in the year 300,000 and one in the year 287,396 are the same to everybody here.
extension Envelope {
    var wireDeadline: Int64 { WireRange.unixSeconds.clamping(deadline) }
    var wireLeasedAt: Int64 { WireRange.unixMilliseconds.clamping(leasedAt) }
    var wirePublishedAt: Int64 { WireRange.unixMilliseconds.clamping(publishedAt) }
    var wireFailedAttempts: UInt64 { UInt64(WireRange.count.clamping(failedAttempts)) }
    var wireTier: UInt64 { UInt64(WireRange.tier.clamping(tier)) }
    var wirePromptTokens: UInt64 { UInt64(WireRange.tokens.clamping(tokens.prompt)) }
    var wireCompletionTokens: UInt64 { UInt64(WireRange.tokens.clamping(tokens.completion)) }
    var wireDeliveries: UInt64 { UInt64(WireRange.count.clamping(deliveries)) }
}
