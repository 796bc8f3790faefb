package import Messages

/// A queue's settlements, as emit sees them.
///
/// One sink serves all queues of one server: what it needs to know about a queue travels in the settlement.
package protocol ResultSink: Sendable {
    /// Makes what the queue needs to exist exist, and finds out whether the server answers.
    ///
    /// Called again, with back-off, for as long as it throws.
    func connect() async throws(QueueError)

    /// Makes every settlement durable, in one round trip where the server allows, and says for each what became of it,
    /// in the order given.
    ///
    /// Throwing means that nothing is known about any of them: the caller tries all of them again, and each still
    /// settles at most once.
    func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus]

    /// Which store this settles in; asked after `connect`, and when a settlement was stale: then it was settled before, or
    /// is in another store.
    func identity() async throws(QueueError) -> StoreAnswer

    /// Whether the server answered last time it was asked (for `/readyz`), and why not.
    func health() async -> QueueHealth

    /// How far apart calls of `settle` begin under load; a settlement that comes alone never waits.
    ///
    /// Much less than the queue itself takes from producer to consumer, and more the more a call costs.
    var spacing: Duration { get }

    /// Bytes of the largest result that can be written, as JSON; emit makes an error of a larger one.
    var maxResult: Int { get }
}

extension ResultSink {
    package func identity() async throws(QueueError) -> StoreAnswer { .unknown(reason: "this queue has none") }

    /// A round trip and four changes of threads: at half of Redis's highest rate this costs a quarter less CPU than half a
    /// millisecond, and has a shorter tail.
    package var spacing: Duration { .microseconds(1500) }

    /// The largest value of Redis is 512 MiB (redis.io/docs: `proto-max-bulk-len`), that of SQLite 1,000,000,000 bytes
    /// (sqlite.org/limits.html).
    package var maxResult: Int { 512 << 20 }
}

/// How one lease ends, as the queue is told.
package struct Settlement: Sendable, Equatable {
    package var receipt: Receipt
    /// Name of the queue the request came from.
    package var queue: String
    /// Where the result goes; empty means the sink's default.
    package var destination: String
    /// The producer's name for the request; empty if the message could not be read.
    package var id: String
    /// What a result repeats of the message's `internal.request_token`; `nil` if it has none.
    package var requestToken: String?
    /// The HTTP status that the result carries; `nil` if it carries none.
    package var statusCode: Int?
    /// The code of an error result.
    package var errorCode: ErrorCode?
    /// Of the attempt, W3C Trace Context; `nil` without one.
    package var traceParent: String?
    /// A process died, or was silent, that held it: what follows from that may have been settled before.
    package var mayBeRepeated: Bool
    /// When ingest leased it, milliseconds since 1970 by ingest's clock; 0: not known.
    package var leasedAt: Int64
    /// The store its lease is in, `StoreIdentity.number`; 0: not known.
    package var store: UInt64
    package var action: Action

    package enum Action: Sendable, Equatable {
        /// Write this result (a JSON document) and end the lease.
        case result(Bytes)
        /// Put the request back, not before `afterMilliseconds` have passed on the queue server's clock, and remember
        /// how many attempts have failed. Only for the holder of the lease.
        case park(afterMilliseconds: Int64, failedAttempts: Int)
        /// Make the request available again at once. Only for the holder of the lease.
        case release
        /// Move the original message to the dead letters with the reason, write `result` (if any) as its result, and
        /// end the lease. Only for the holder of the lease.
        case deadLetter(reason: String, result: Bytes?)
    }

    package init(
        receipt: Receipt, queue: String, destination: String, id: String, requestToken: String? = nil,
        statusCode: Int? = nil, errorCode: ErrorCode? = nil, traceParent: String? = nil, mayBeRepeated: Bool = false,
        leasedAt: Int64 = 0, store: UInt64 = 0, action: Action
    ) {
        self.receipt = receipt
        self.queue = queue
        self.destination = destination
        self.id = id
        self.requestToken = requestToken
        self.statusCode = statusCode
        self.errorCode = errorCode
        self.traceParent = traceParent
        self.mayBeRepeated = mayBeRepeated
        self.leasedAt = leasedAt
        self.store = store
        self.action = action
    }
}

/// What became of a settlement.
package enum SettlementStatus: Sendable, Equatable {
    /// It stands in the queue now.
    case settled
    /// The request has its record already, or the receipt belongs to another submission; nothing was written.
    case stale
    /// The queue refuses this settlement and will refuse it again (a result list that is no list), with what the server
    /// said. Nothing was written; the lease stands.
    case refused(reason: String)
    /// It has more bytes than the server takes; nothing was written, and the lease stands. A dead letter is shorter the
    /// next time.
    case tooLarge(reason: String)
    /// The queue cannot do it now: a right or a topic is missing, or there is too much to do, with what the server said.
    /// Nothing was written; the lease stands. Others go on meanwhile, and this one is tried until it works.
    case delayed(reason: String)
}
