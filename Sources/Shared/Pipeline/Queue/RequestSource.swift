package import Messages

/// One queue of requests, as ingest sees it.
///
/// One source serves one queue. It runs on a thread of its own (see `QueueThread`) and is called by one task for
/// `lease` and another for `renew` and `release`: `lease` never holds those up.
package protocol RequestSource: Sendable {
    /// Makes what the queue needs to exist exist (tables, subscriptions), and finds out whether the server answers.
    ///
    /// Called again, with back-off, for as long as it throws.
    func connect() async throws(QueueError)

    /// Waits for requests: at least one, at most `limit`; none once the task is cancelled.
    ///
    /// Returns soon after the first is there: a single request is never held back to fill a batch. A message that
    /// cannot be decoded is still a delivery: it is rejected, with a reason, further on.
    func lease(limit: Int) async throws(QueueError) -> [Delivery]

    /// Extends leases by the queue's lease time, counted from now.
    ///
    /// A lease that has expired is renewed as long as nobody has taken it over.
    /// - Returns: the receipts that are no longer ours.
    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt]

    /// Ends leases so that anybody can have the requests at once.
    func release(_ receipts: [Receipt]) async throws(QueueError)

    /// Which store the queue is in; asked after `connect` and now and then.
    ///
    /// Whoever comes first gives the store its name.
    func identity() async throws(QueueError) -> StoreAnswer

    /// Whether the server answered last time it was asked (for `/readyz`), and why not.
    func health() async -> QueueHealth
}

extension RequestSource {
    package func identity() async throws(QueueError) -> StoreAnswer { .unknown(reason: "this queue has none") }
}

// What some queues have besides; ingest asks a source whether it is one of these.

/// A source that takes requests from its server before they are asked for.
package protocol BufferingSource: RequestSource {
    /// Extends the leases of what has been taken from the server and not been handed out yet; called as often as a look
    /// is taken at leases.
    func keepHeld() async

    /// Nothing is leased any more: gives back what has been taken from the server and not been handed out, as far as that
    /// can be done; the rest expires by itself.
    func stop() async
}

extension BufferingSource {
    package func keepHeld() async {}
}

/// A source whose server decides how long a lease lasts.
package protocol ServerTimedSource: RequestSource {
    /// `nil` until that is known.
    func leaseTime() async -> Duration?
}

/// A source whose requests arrive under other names than the queue's own: no result may be sent there.
package protocol AliasedSource: RequestSource {
    /// Known once connected.
    func requestNames() async -> [String]
}

/// A source that may know how much waits in its queue.
package protocol BacklogSource: RequestSource {
    /// How long to wait at least between two looks.
    var backlogSpacing: Duration { get }

    /// Looks anew. What the server does not tell, or this user may not ask, is `nil`.
    func backlog() async -> Backlog
}

extension BacklogSource {
    package var backlogSpacing: Duration { .seconds(5) }
}

/// A source that counts what an operator should know of, besides what all sources have.
package protocol CountingSource: RequestSource {
    var counters: [SourceCounter] { get }
}

/// Something a source counts from its start on.
package struct SourceCounter: Sendable {
    /// Such as `channel_gaps`; the metric is `async_processor_channel_gaps_total`.
    package let name: String
    /// For people.
    package let help: String
    /// The count so far; never waits.
    package let read: @Sendable () -> Int

    package init(_ name: String, _ help: String, read: @escaping @Sendable () -> Int) {
        self.name = name
        self.help = help
        self.read = read
    }

    /// Requests leased whose holder before had let its lease expire.
    package static func takeovers(_ read: @escaping @Sendable () -> Int) -> SourceCounter {
        SourceCounter("takeovers", "Requests taken over from a holder that had let its lease expire.", read: read)
    }
}

/// A message taken from a queue, under a lease.
package struct Delivery: Sendable, Equatable {
    /// The message as the producer wrote it.
    package var bytes: Bytes
    package var receipt: Receipt
    /// How many leases of this request have expired before; parking, releasing and retrying do not count.
    package var deliveries: Int
    /// Failed attempts the queue has counted; the message's own `retry_count` counts if it is higher.
    package var failedAttempts: Int
    /// Its producer has cancelled it.
    package var isCancelled: Bool
    /// What the queue carries beside the message; wins over the message's own `metadata`.
    package var attributes: [String: String]
    /// When it was put on the queue, milliseconds since 1970; 0 where the queue does not tell.
    package var publishedAt: Int64

    package init(
        bytes: Bytes, receipt: Receipt, deliveries: Int = 0, failedAttempts: Int = 0, isCancelled: Bool = false,
        attributes: [String: String] = [:], publishedAt: Int64 = 0
    ) {
        self.bytes = bytes
        self.receipt = receipt
        self.deliveries = deliveries
        self.failedAttempts = failedAttempts
        self.isCancelled = isCancelled
        self.attributes = attributes
        self.publishedAt = publishedAt
    }
}

package enum QueueHealth: Sendable, Equatable {
    case reachable
    case unreachable(reason: String)
}
