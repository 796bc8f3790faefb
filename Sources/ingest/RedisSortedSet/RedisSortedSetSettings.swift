/// How a source of `redis-sortedset` behaves; the defaults are the project's.
package struct RedisSortedSetSettings: Sendable, Equatable {
    /// How long a lease lasts without being renewed.
    package var lease: Duration
    /// How long after a gap (in our own running, or in the server's) nothing is taken over, so that holders can renew.
    package var holdAfterGap: Duration
    /// How often leases that have expired and retries that have become due are looked for while nothing else happens.
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
