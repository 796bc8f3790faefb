package import Messages
package import Queue
package import Redis

/// A Redis channel as a queue: `redis-pubsub`'s request side.
///
/// A thread of its own listens, claims and looks after the retry set, also while nobody calls `lease`; it ends when the
/// source is released. Leases are kept on a second connection, so that nothing holds them up.
package final class RedisChannelSource: RequestSource {
    private let desk: LeaseDesk
    private let keeper: LeaseKeeper
    private let intake: ChannelIntake

    package init(url: RedisURL, queue: QueueSettings, settings: RedisChannelSettings = RedisChannelSettings()) {
        let desk = LeaseDesk()
        self.desk = desk
        keeper = LeaseKeeper(url: url, lease: settings.lease)
        intake = ChannelIntake(url: url, queue: queue, settings: settings, desk: desk)
    }

    deinit { desk.close() }

    package func connect() async throws(QueueError) {
        intake.start()
        try await desk.awaitConnection()
    }

    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        intake.start()
        return try await desk.lease(limit: limit)
    }

    package func identity() async throws(QueueError) -> StoreAnswer { try await keeper.identity() }

    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        try await keeper.renew(receipts)
    }

    package func release(_ receipts: [Receipt]) async throws(QueueError) {
        try await keeper.release(receipts)
        desk.lookSoon()
    }

    package func health() async -> QueueHealth { desk.health }

    /// What has happened so far.
    package var counts: RedisChannelCounts { desk.counts }
}
