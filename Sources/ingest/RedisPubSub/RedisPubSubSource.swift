package import Logging
package import Messages
package import Queue
package import Redis

/// A Redis channel as a queue: `redis-pubsub`'s request side.
///
/// A thread of its own listens, claims and looks after the retry set, also while nobody calls `lease`; it ends when the
/// source is released. Leases are kept on a second connection, so that nothing holds them up.
package final class RedisPubSubSource: BufferingSource, AliasedSource, BacklogSource, CountingSource {
    private let waiters: LeaseWaiters
    private let renewer: RedisPubSubRenewer
    private let intake: RedisPubSubReader

    /// - Parameter logger: for messages missed on the channel, and why.
    package init(
        url: RedisURL, queue: QueueSettings, settings: RedisPubSubSettings = RedisPubSubSettings(), logger: Logger
    ) {
        let waiters = LeaseWaiters()
        self.waiters = waiters
        renewer = RedisPubSubRenewer(url: url, lease: settings.lease, queue: queue)
        intake = RedisPubSubReader(url: url, queue: queue, settings: settings, waiters: waiters, logger: logger)
    }

    deinit { waiters.close() }

    package func connect() async throws(QueueError) {
        intake.start()
        try await waiters.awaitConnection()
    }

    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        intake.start()
        return try await waiters.lease(limit: limit)
    }

    package func identity() async throws(QueueError) -> StoreAnswer { try await renewer.identity() }

    package func requestNames() async -> [String] { await renewer.servedNames() }

    package func backlog() async -> Backlog { await renewer.backlog() }

    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        try await renewer.renew(receipts)
    }

    package func release(_ receipts: [Receipt]) async throws(QueueError) {
        try await renewer.release(receipts)
        waiters.lookSoon()
    }

    package func stop() async { await intake.stop() }

    package func health() async -> QueueHealth { waiters.health }

    /// The counters so far.
    package var counts: RedisPubSubCounts { waiters.counts }

    package var counters: [SourceCounter] {
        func counter(
            _ name: String, _ help: String, _ value: @escaping @Sendable (RedisPubSubCounts) -> Int
        ) -> SourceCounter {
            SourceCounter("channel_\(name)", help) { [waiters] in value(waiters.counts) }
        }
        return [
            counter("heard", "Messages heard on the channel.") { $0.heard },
            counter("heard_elsewhere", "Messages that another ingest process claimed.") { $0.duplicates },
            counter("parked", "Messages the pipeline had no room for, put into the retry set.") { $0.overflowed },
            counter("gaps", "Times the channel was not heard: what was published meanwhile is lost.") { $0.gaps },
            counter("cuts", "Gaps because more waited for this listener than the server keeps.") { $0.overflows },
            counter("dropped", "Messages given up because the server would not store them.") { $0.dropped },
            counter("deaf_milliseconds", "Time for which the channel was not heard.") { Int($0.deafMilliseconds) },
            .takeovers { [waiters] in waiters.counts.takenOver },
        ]
    }
}
