import ArgumentParser
import Messages
import Queue
import Redis
import Settings

/// The flags that say which queue is meant.
///
/// They are the stages' own, and so are their variables, defaults and checks: all of that is the stages' parser's work.
struct QueueOptions: ParsableArguments {
    @Option(help: "Kind of the queue: \(DeadLetterPlace.kinds). (default: redis-pubsub)")
    var messageQueueImpl: String?
    @Option(name: .customLong("redis.addr"), help: "The Redis server, host:port. (default: localhost:6379)")
    var redisAddr: String?
    @Option(name: .customLong("redis.url"), help: "The Redis server as a URL; wins. Also REDIS_URL.")
    var redisURL: String?
    @Option(
        name: .customLong("redis.request-queue-name"),
        help: "The queue. (default: \(QueueServer.redis.byDefault(\.requestQueue)))")
    var redisQueue: String?
    @Option(
        name: .customLong("redis.retry-queue-name"), help: "Where redis-pubsub parks. (default: retry-sortedset)")
    var redisRetryQueue: String?
    @Option(name: .customLong("sqlite.path"), help: "The database file. (default: queue.db)")
    var sqlitePath: String?
    @Option(
        name: .customLong("sqlite.request-queue-name"),
        help: "Value of the column queue. (default: \(QueueServer.sqlite.byDefault(\.requestQueue)))")
    var sqliteQueue: String?
    @Option(help: "Several queues at once (JSON).") var queuesConfigFile: String?
    @Option(help: "Which one, by name or id, when the settings name several.") var queue: String?

    /// The queue that flags and environment name.
    ///
    /// - Parameter note: Is told what was found odd but goes, such as a misspelt variable.
    /// - Throws: `ValidationError` for what makes no sense.
    func place(environment: [String: String], note: (String) -> Void = { _ in }) throws -> DeadLetterPlace {
        let server = try server(environment, note)
        return try DeadLetterPlace(server, try chosen(from: server.queues))
    }

    /// All queues that flags and environment name, or the one of them that is chosen, in the order in which they are named.
    ///
    /// - Parameter note: See `place`.
    func places(
        environment: [String: String], note: (String) -> Void = { _ in }
    ) throws -> [(name: String, place: DeadLetterPlace)] {
        let server = try server(environment, note)
        let queues = queue == nil ? server.queues : [try chosen(from: server.queues)]
        return try queues.map { ($0.name, try DeadLetterPlace(server, $0)) }
    }

    /// Why the queue's dead letters are nowhere that we could look; `nil` when they are somewhere.
    func whyElsewhere(_ environment: [String: String]) -> String? {
        let kind = (messageQueueImpl ?? environment["AP_MESSAGE_QUEUE_IMPL"]).flatMap(QueueKind.init)
        guard let kind, case .elsewhere(let reason) = kind.descriptor.deadLetters else { return nil }
        return "\(kind.rawValue): \(reason)."
    }

    private func server(_ environment: [String: String], _ note: (String) -> Void) throws -> QueueServerSettings {
        if let reason = whyElsewhere(environment) { throw ValidationError(reason) }
        do {
            let queueVariables = environment.filter { variable in
                Self.prefixes.contains { variable.key.hasPrefix($0) }
            }
            let settings = try IngestSettings.parse(arguments: arguments, environment: queueVariables)
            for warning in settings.stage.warnings { note(warning) }
            return settings.server
        } catch {
            throw ValidationError(Self.reason(error))
        }
    }

    /// Variables that have to do with queues; what else a stage is told is not our business.
    private static let prefixes = ["REDIS_URL", "AP_MESSAGE_QUEUE_IMPL", "AP_QUEUES_", "AP_REDIS_", "AP_SQLITE_"]

    /// For a stage.
    private var arguments: [String] {
        let flags = [
            ("message-queue-impl", messageQueueImpl), ("redis.addr", redisAddr), ("redis.url", redisURL),
            ("redis.request-queue-name", redisQueue), ("redis.retry-queue-name", redisRetryQueue),
            ("sqlite.path", sqlitePath), ("sqlite.request-queue-name", sqliteQueue),
            ("queues-config-file", queuesConfigFile),
        ]
        return flags.compactMap { name, value in value.map { "--\(name)=\($0)" } }
    }

    private func chosen(from queues: [QueueSettings]) throws -> QueueSettings {
        let names = queues.map(\.name).joined(separator: ", ")
        if let queue {
            let queue = ExactText(queue)
            if let found = queues.first(where: { ExactText($0.name) == queue || ExactText($0.id) == queue }) {
                return found
            }
            throw ValidationError("--queue: there is no \(queue.text), only \(names).")
        }
        guard let only = queues.first, queues.count == 1 else {
            throw ValidationError("The settings name several queues; say which by --queue: \(names).")
        }
        return only
    }

    /// The message alone, without a stage's usage.
    private static func reason(_ exit: SettingsExit) -> String {
        let lines = exit.text.split(separator: "\n").prefix { !$0.hasPrefix("Usage:") && !$0.hasPrefix("Help:") }
        let text = lines.joined(separator: "\n")
        return text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text
    }
}

/// Where the dead letters of a queue are.
enum DeadLetterPlace: Equatable {
    case redis(RedisURL, queue: String, RedisDeadLetters.Kind)
    case sqlite(path: String, queue: String)

    init(_ server: QueueServerSettings, _ queue: QueueSettings) throws {
        switch server.kind.descriptor.deadLetters {
        case .sqliteTable: self = .sqlite(path: server.sqlitePath, queue: queue.name)
        case .redisList(let way):
            do throws(RedisError) {
                self = .redis(
                    try RedisURL(server.redis.value), queue: queue.name,
                    way == .queue ? .sortedSet : .channel(retrySet: queue.retryQueue))
            } catch {
                throw ValidationError("\(error)")
            }
        case .elsewhere(let reason): throw ValidationError("\(server.kind.rawValue): \(reason).")
        }
    }

    /// Those whose dead letters can be looked at, for people.
    static var kinds: String {
        let names = QueueKind.allCases.filter {
            if case .elsewhere = $0.descriptor.deadLetters { false } else { true }
        }.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

    func open() throws(QueueError) -> any DeadLetterStore {
        switch self {
        case .redis(let url, let queue, let kind): RedisDeadLetters(url: url, queue: queue, kind: kind)
        case .sqlite(let path, let queue): try SQLiteDeadLetters(path: path, queue: queue)
        }
    }
}
