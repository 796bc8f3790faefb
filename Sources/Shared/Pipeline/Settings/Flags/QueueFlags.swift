import ArgumentParser
package import Queue

/// Which queues there are, and where.
struct QueueFlags<Kind: StageKind>: ParsableArguments {
    @Option(help: Kind.help("Kind of the queues.", "kind", of: .ingest, .emit))
    var messageQueueImpl: QueueKind = .redisPubSub

    @Option(help: Kind.help("Several queues at once (JSON).", "file", of: .ingest, .emit), completion: .file())
    var queuesConfigFile: String?
}

/// Queues on Redis.
///
/// Names with an index, such as `--redis.request-queue-name.2`, are read by `IndexedFlags`.
struct RedisFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        name: .customLong("redis.addr"),
        help: Kind.help("The Redis server.", "host:port", byDefault: "localhost:6379", of: .ingest, .emit),
        transform: Checked.hostAndPort)
    var addr = "localhost:6379"

    @Option(
        name: .customLong("redis.url"),
        help: Kind.help(
            "The Redis server as a URL; wins over --redis.addr. Also REDIS_URL.", "url", of: .ingest, .emit),
        transform: { Secret($0) })
    var url: Secret?

    @Option(
        name: .customLong("redis.request-queue-name"),
        help: Kind.help(
            "Where requests come from.", "name", byDefault: QueueServer.redis.byDefault(\.requestQueue),
            of: .ingest),
        transform: Checked.name)
    var requestQueueName: String?

    @Option(
        name: .customLong("redis.retry-queue-name"),
        help: Kind.help("Where retries are parked.", "name", byDefault: "retry-sortedset", of: .ingest, .emit),
        transform: Checked.name)
    var retryQueueName: String?

    @Option(
        name: .customLong("redis.result-queue-name"),
        help: Kind.help(
            "Where results go.", "name", byDefault: QueueServer.redis.byDefault(\.resultQueue), of: .ingest),
        transform: Checked.name)
    var resultQueueName: String?

    @Option(
        name: .customLong("redis.inference-gateway"),
        help: Kind.help("Where requests are sent.", "url", byDefault: defaultGateway, of: .ingest))
    var inferenceGateway: String?

    @Option(
        name: .customLong("redis.inference-objective"),
        help: Kind.help("Value of x-gateway-inference-objective.", "name", of: .ingest))
    var inferenceObjective: String?

    @Option(
        name: .customLong("redis.worker-pool-id"),
        help: Kind.help(
            "Requests of one pool share engines; none: those for one model at one gateway do.", "id", of: .ingest))
    var workerPoolID: String?

    @Option(
        name: .customLong("redis.deduplicate"),
        help: Kind.help(
            "Take a message of a channel once, however many ingest processes hear it.", "bool", byDefault: true,
            of: .ingest))
    var deduplicate: Switch?
}

/// Queues on Google Cloud Pub/Sub.
struct GooglePubSubFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        name: .customLong("pubsub.project-id"), help: Kind.help("The project.", "id", of: .ingest, .emit),
        transform: Checked.name)
    var projectID: String?

    @Option(
        name: .customLong("pubsub.request-subscriber-id"),
        help: Kind.help("The subscription requests come from.", "id", of: .ingest), transform: Checked.name)
    var requestSubscriberID: String?

    @Option(
        name: .customLong("pubsub.result-topic-id"),
        help: Kind.help("The topic results go to.", "id", of: .ingest, .emit), transform: Checked.name)
    var resultTopicID: String?

    @Option(
        name: .customLong("pubsub.result-ordering-key"),
        help: Kind.help("Ordering key of every result; none if empty.", "key", of: .emit))
    var resultOrderingKey: String?

    @Option(
        name: .customLong("pubsub.inference-gateway"),
        help: Kind.help("Where requests are sent.", "url", of: .ingest))
    var inferenceGateway: String?

    @Option(
        name: .customLong("pubsub.inference-objective"),
        help: Kind.help("Value of x-gateway-inference-objective.", "name", of: .ingest))
    var inferenceObjective: String?

    @Option(
        name: .customLong("pubsub.worker-pool-id"),
        help: Kind.help(
            "Requests of one pool share engines; none: those for one model at one gateway do.", "id", of: .ingest))
    var workerPoolID: String?
}

/// Queues in an SQLite file.
struct SQLiteFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        name: .customLong("sqlite.path"),
        help: Kind.help("The database file.", "file", byDefault: "queue.db", of: .ingest, .emit),
        completion: .file(), transform: Checked.name)
    var path = "queue.db"

    @Option(
        name: .customLong("sqlite.request-queue-name"),
        help: Kind.help(
            "Value of the column queue.", "name", byDefault: QueueServer.sqlite.byDefault(\.requestQueue), of: .ingest),
        transform: Checked.name)
    var requestQueueName: String?

    @Option(
        name: .customLong("sqlite.inference-gateway"),
        help: Kind.help("Where requests are sent.", "url", byDefault: defaultGateway, of: .ingest))
    var inferenceGateway: String?

    @Option(
        name: .customLong("sqlite.inference-objective"),
        help: Kind.help("Value of x-gateway-inference-objective.", "name", of: .ingest))
    var inferenceObjective: String?

    @Option(
        name: .customLong("sqlite.worker-pool-id"),
        help: Kind.help(
            "Requests of one pool share engines; none: those for one model at one gateway do.", "id", of: .ingest))
    var workerPoolID: String?
}

let defaultGateway = "http://localhost:30080/v1/completions"

extension QueueKind: ExpressibleByArgument {}

extension QueueServer {
    /// What holds when nothing is said, such as `requests`, or `request-queue, or request-sortedset for redis-sortedset`.
    package func byDefault(_ name: (QueueDescriptor) -> String?) -> String {
        let names = kinds.compactMap { kind in name(kind.descriptor).map { (kind, $0) } }
        return names.enumerated().map { offset, name in
            offset == 0 ? name.1 : ", or \(name.1) for \(name.0.rawValue)"
        }.joined()
    }
}
