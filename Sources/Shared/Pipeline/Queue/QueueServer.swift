/// What a queue is kept in; kinds of queues that share one share its flags.
package enum QueueServer: Sendable, CaseIterable {
    case redis
    case googlePubSub
    case sqlite

    /// Kinds of queues that it has.
    package var kinds: [QueueKind] { QueueKind.allCases.filter { $0.descriptor.server == self } }

    /// The flags that say something about a queue.
    package var flags: QueueFlagFamily {
        switch self {
        case .redis:
            QueueFlagFamily(
                prefix: "redis.", name: "request-queue-name", results: "result-queue-name", retries: "retry-queue-name",
                others: ["addr", "url", "deduplicate"])
        case .googlePubSub:
            QueueFlagFamily(
                prefix: "pubsub.", name: "request-subscriber-id", results: "result-topic-id",
                others: ["project-id", "result-ordering-key"], requiresGateway: true)
        case .sqlite: QueueFlagFamily(prefix: "sqlite.", name: "request-queue-name", others: ["path"])
        }
    }
}

/// The names of the flags that begin alike, such as `redis.`, without their dashes.
package struct QueueFlagFamily: Sendable, Equatable {
    package let prefix: String
    package let name: String
    package let results: String?
    package let retries: String?
    package let gateway: String
    package let objective: String
    package let pool: String
    /// Those that are of the server, not of one queue.
    package let others: [String]
    /// There is no gateway that goes without saying.
    package let requiresGateway: Bool

    init(
        prefix: String, name: String, results: String? = nil, retries: String? = nil, others: [String],
        requiresGateway: Bool = false
    ) {
        self.prefix = prefix
        self.name = prefix + name
        self.results = results.map { prefix + $0 }
        self.retries = retries.map { prefix + $0 }
        gateway = prefix + "inference-gateway"
        objective = prefix + "inference-objective"
        pool = prefix + "worker-pool-id"
        self.others = others.map { prefix + $0 }
        self.requiresGateway = requiresGateway
    }

    /// Those that may end in a number, which says which of several queues is meant.
    package var indexable: [String] { [name, retries, results, gateway, objective, pool].compactMap(\.self) }
}
