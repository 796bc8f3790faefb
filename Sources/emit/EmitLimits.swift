/// The room of emit, in settlements and in bytes of their results.
///
/// All of it together, and one result being written, stay below `--max-unacked-bytes`, except for the one message that
/// always fits and messages in transit when the room ends.
struct EmitLimits: Sendable, Equatable {
    /// Settlements that have not failed yet: a few batches, since settlements that wait longer may as well wait in the
    /// queue.
    var movingCount = 1024
    let movingBytes: Int
    /// Settlements that the queue cannot take now, of all queues together.
    var keptCount = 1024
    let keptBytes: Int
    /// A result that is larger becomes an error.
    ///
    /// Larger than any answer, unless much of it is control characters.
    let maxResult: Int

    /// - Parameters:
    ///   - maxUnackedBytes: `--max-unacked-bytes`.
    ///   - maxResult: the largest result that the queue takes.
    init(maxUnackedBytes: Int, maxResult: Int = .max) {
        movingBytes = maxUnackedBytes / 4
        keptBytes = max(1, maxUnackedBytes / 4)
        self.maxResult = min(maxResult, max(maxUnackedBytes, Self.leastUnackedBytes) / 2)
    }

    /// The most that a link carries in one message: with less no answer could be large.
    private static let leastUnackedBytes = 256 << 20
}
