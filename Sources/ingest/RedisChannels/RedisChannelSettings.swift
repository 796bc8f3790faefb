/// How a source of `redis-pubsub` behaves; the defaults are the project's.
package struct RedisChannelSettings: Sendable, Equatable {
    /// How long a lease lasts without being renewed.
    package var lease: Duration
    /// Whether several ingest processes that hear the same message make one request of it.
    package var deduplicate: Bool
    /// How long after a gap (in our own running, or in the server's) nothing is taken over, so that holders can renew.
    package var holdAfterGap: Duration
    /// How long a message may wait for `lease` to be called before it is parked.
    package var patience: Duration
    /// Messages that may wait so.
    package var mostWaiting: Int
    /// Bytes that may wait so; one message always fits.
    package var mostWaitingBytes: Int
    /// How often the retry set is looked at while `lease` waits and nothing is known to be due sooner.
    package var lookInterval: Duration

    package init(
        lease: Duration = .seconds(30), deduplicate: Bool = true, holdAfterGap: Duration = .seconds(10),
        patience: Duration = .milliseconds(20), mostWaiting: Int = 256, mostWaitingBytes: Int = 4 << 20,
        lookInterval: Duration = .milliseconds(500)
    ) {
        self.lease = lease
        self.deduplicate = deduplicate
        self.holdAfterGap = holdAfterGap
        self.patience = patience
        self.mostWaiting = mostWaiting
        self.mostWaitingBytes = mostWaitingBytes
        self.lookInterval = lookInterval
    }
}

/// What a source has seen since it started.
package struct RedisChannelCounts: Sendable, Equatable {
    /// Messages heard on the channel.
    package var heard = 0
    /// Messages another replica had claimed.
    package var duplicates = 0
    /// Messages the pipeline had no room for, put into the retry set, due at once.
    package var overflowed = 0
    /// Due entries of other queues that stayed in the retry set when it was last looked through.
    package var foreign = 0
    /// Leases of others that had expired and were taken over.
    package var takenOver = 0
    /// Times the channel was subscribed to.
    package var subscriptions = 0

    package init() {}
}
