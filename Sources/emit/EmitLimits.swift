/// How much emit has room for, in settlements and in bytes of their results.
///
/// All of it together, and one result being written, stay below what may be open and unsettled, but for the one message
/// that always fits and what is on its way when the room ends.
struct EmitLimits: Sendable, Equatable {
    /// What has come and has not been tried in vain: a few batches, since what waits longer may as well wait in the queue.
    var movingCount = 1024
    let movingBytes: Int
    /// What the queue cannot take now, of all queues together.
    var keptCount = 1024
    let keptBytes: Int
    /// A result that is larger becomes an error.
    ///
    /// Larger than any answer, unless much of it is control characters.
    let maxResult: Int

    /// - Parameters:
    ///   - maxUnackedBytes: `--max-unacked-bytes`.
    ///   - maxResult: what the queue takes.
    init(maxUnackedBytes: Int, maxResult: Int = .max) {
        movingBytes = maxUnackedBytes / 4
        keptBytes = max(1, maxUnackedBytes / 4)
        self.maxResult = min(maxResult, max(maxUnackedBytes, Self.leastUnackedBytes) / 2)
    }

    /// What a link carries in one message: with less no answer could be large.
    private static let leastUnackedBytes = 256 << 20
}
