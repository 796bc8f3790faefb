/// How a source of `redis-sortedset` behaves; the defaults are the project's.
package struct RedisSortedSetSettings: Sendable, Equatable {
    /// How long a lease lasts without being renewed.
    package var lease: Duration
    /// How long after a gap (this process or the server did not run) no lease is taken over, so that holders can renew.
    package var holdAfterGap: Duration
    /// How often expired leases and due retries are checked for while the queue is idle.
    package var lookInterval: Duration
    /// Bytes of requests claimed at once; one request always fits.
    package var maxBytes: Int

    /// - Parameter holdAfterGap: a third of a lease if `nil`.
    package init(
        lease: Duration = .seconds(30), holdAfterGap: Duration? = nil, lookInterval: Duration = .milliseconds(500),
        maxBytes: Int = 8 << 20
    ) {
        self.lease = lease
        self.holdAfterGap = holdAfterGap ?? lease / 3
        self.lookInterval = lookInterval
        self.maxBytes = maxBytes
    }
}
