/// The kinds of queues the family knows, by the value of `--message-queue-impl`.
///
/// A new kind is a case here with its `descriptor`, a line in `Sources.swift` and one in `Sinks.swift`, and its folders in
/// `Package.swift`; docs/adding-a-queue.md goes through it.
package enum QueueKind: String, Sendable, CaseIterable {
    case redisPubSub = "redis-pubsub"
    case redisSortedSet = "redis-sortedset"
    case googlePubSub = "gcp-pubsub"
    case sqlite

    /// What the kind says of itself; whatever else has to know it is derived from this.
    package var descriptor: QueueDescriptor {
        switch self {
        case .redisPubSub:
            QueueDescriptor(
                title: "a Redis channel", folder: "RedisPubSub", number: 1, server: .redis,
                requestQueue: "request-queue", resultQueue: "result-queue", names: .channels,
                deadLetters: .redisList(.retrySet))
        case .redisSortedSet:
            QueueDescriptor(
                title: "a Redis sorted set", folder: "RedisSortedSet", number: 2, server: .redis,
                requestQueue: "request-sortedset", resultQueue: "result-list", names: .keys,
                deadLetters: .redisList(.queue))
        case .googlePubSub:
            QueueDescriptor(
                title: "a Google Cloud Pub/Sub subscription", folder: "GooglePubSub", number: 3, server: .googlePubSub,
                requestQueue: nil, resultQueue: "",
                deadLetters: .elsewhere("its subscriptions have dead-letter topics of their own; look there"))
        case .sqlite:
            QueueDescriptor(
                title: "a table of an SQLite file", folder: "SQLite", number: 4, server: .sqlite,
                requestQueue: "requests", resultQueue: "", deadLetters: .sqliteTable)
        }
    }
}

/// What a kind of queue says of itself.
package struct QueueDescriptor: Sendable {
    /// For people, such as `a Redis channel`.
    package let title: String
    /// Where its code is, below `ingest`, `emit` and `Shared/Queues`.
    package let folder: String
    /// In `StoreIdentity`, from 1 to 255; never given to another kind.
    package let number: UInt8
    package let server: QueueServer
    /// The name of the queue when none is given; `nil`: one must be.
    package let requestQueue: String?
    /// Where results go when nobody says; empty for nowhere in particular.
    package let resultQueue: String
    /// What the names of queues and of result destinations have in common, so that one must not be both; `nil`: nothing.
    package let names: ReservedNames.Space?
    package let deadLetters: DeadLetterKeeping

    package init(
        title: String, folder: String, number: UInt8, server: QueueServer, requestQueue: String?, resultQueue: String,
        names: ReservedNames.Space? = nil, deadLetters: DeadLetterKeeping
    ) {
        self.title = title
        self.folder = folder
        self.number = number
        self.server = server
        self.requestQueue = requestQueue
        self.resultQueue = resultQueue
        self.names = names
        self.deadLetters = deadLetters
    }
}

/// Where the requests of a queue end that could not be done.
package enum DeadLetterKeeping: Sendable, Equatable {
    /// In the list `<queue>:dead-letter` of the same server; how they get back.
    case redisList(Return)
    /// In the table `dead_letters` of the same file.
    case sqliteTable
    /// Nowhere that we could look: why.
    case elsewhere(String)

    package enum Return: Sendable, Equatable {
        /// Onto the queue, by deadline.
        case queue
        /// Into the retry set, due at once: a channel forgets what nobody hears.
        case retrySet
    }
}
