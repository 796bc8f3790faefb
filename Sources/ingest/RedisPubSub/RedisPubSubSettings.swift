/// How a source of `redis-pubsub` behaves; the defaults are the project's.
package struct RedisPubSubSettings: Sendable, Equatable {
    /// How long a lease lasts without being renewed.
    package var lease: Duration
    /// Whether several ingest processes that receive the same message make one request of it.
    package var deduplicate: Bool
    /// How long after a gap (this process or the server did not run) no lease is taken over, so that holders can renew.
    package var holdAfterGap: Duration
    /// How long a message may wait for `lease` to be called before it is parked.
    package var patience: Duration
    /// Messages that may wait so.
    package var maxWaiting: Int
    /// Bytes that may wait so; one message always fits.
    package var maxWaitingBytes: Int
    /// Bytes of messages that a thread of its own may read ahead of claiming.
    ///
    /// This covers a burst that arrives faster than it can be claimed. Above this limit the channel is not read, and
    /// the server closes the connection once too much waits there.
    package var maxUnread: Int
    /// How often the retry set is checked while `lease` waits and no request is known to be due sooner.
    package var lookInterval: Duration

    package init(
        lease: Duration = .seconds(30), deduplicate: Bool = true, holdAfterGap: Duration = .seconds(10),
        patience: Duration = .milliseconds(20), maxWaiting: Int = 256, maxWaitingBytes: Int = 4 << 20,
        maxUnread: Int = 128 << 20, lookInterval: Duration = .milliseconds(500)
    ) {
        self.lease = lease
        self.deduplicate = deduplicate
        self.holdAfterGap = holdAfterGap
        self.patience = patience
        self.maxWaiting = maxWaiting
        self.maxWaitingBytes = maxWaitingBytes
        self.maxUnread = maxUnread
        self.lookInterval = lookInterval
    }
}

/// Counters of a source since it started.
package struct RedisPubSubCounts: Sendable, Equatable {
    /// Messages received on the channel.
    package var heard = 0
    /// Messages that another ingest process claimed.
    package var duplicates = 0
    /// Messages the pipeline had no room for, put into the retry set, due at once.
    package var overflowed = 0
    /// Due entries of other queues that stayed in the retry set when it was last looked through.
    package var foreign = 0
    /// Leases of others that had expired and were taken over.
    package var takenOver = 0
    /// Times the channel was subscribed to.
    package var subscriptions = 0
    /// Times the subscription was interrupted: messages published meanwhile are lost, unless another ingest received
    /// them.
    package var gaps = 0
    /// Those of them in which the server closed the connection because too much data waited for it, if that is known.
    package var overflows = 0
    /// Messages given up because the server would not store them.
    package var dropped = 0
    /// Milliseconds for which the subscription was interrupted.
    package var deafMilliseconds: Int64 = 0

    package init() {}
}
