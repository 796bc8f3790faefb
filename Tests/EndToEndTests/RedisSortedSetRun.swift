import Foundation
import GatewaySimulator
import Redis
import RedisQueues
import Synchronization
import TestServers
import Testing

/// One run over Redis sorted sets.
struct RedisSortedSetRun: Sendable {
    static let queue = "request-sortedset"
    static let list = "result-list"
    static let retrySet = "retry-sortedset"

    let redis: RedisServer
    let gateway: GatewaySimulator
    let pipeline: Pipeline

    /// Flags for one queue with the default names.
    static func flags(_ redis: RedisServer, gateway: String) -> [String] {
        flags(url: "redis://127.0.0.1:\(redis.port)", gateway: gateway)
    }

    static func flags(url: String, gateway: String) -> [String] {
        ["--message-queue-impl", "redis-sortedset", "--redis.url", url, "--redis.inference-gateway", gateway]
    }

    func submit(_ messages: [Message], to queue: String = queue) throws { try redis.submit(messages, to: queue) }
    func submit(_ ids: [String], to queue: String = queue) throws { try submit(ids.map { Message($0) }, to: queue) }

    /// Waits until requests get through, so that a short deadline is not over before anything works.
    func warmUp() async throws {
        try submit(["warm-up"])
        try await waitForResults(1)
        try redis.run("DEL", Self.list)
    }

    /// Waits until the list holds so many results.
    func waitForResults(_ count: Int, in list: String = list, within limit: Duration = .seconds(60)) async throws {
        try await eventually(try "\(count) results in \(list), there are \(redis.length(list))", within: limit) {
            try redis.length(list) >= count ? true : nil
        }
    }

    /// Each of `ids` has exactly one result, and nobody else has one.
    func expectOneResultEach(_ ids: [String], in list: String = list) throws {
        let counts = try redis.results(list).reduce(into: [:]) { $0[$1.id, default: 0] += 1 }
        #expect(Set(counts.keys) == Set(ids))
        #expect(counts.filter { $0.value != 1 } == [:])
    }

    /// The only result of each id.
    func resultByID(in list: String = list) throws -> [String: Result] {
        let results = try redis.results(list)
        #expect(Set(results.map(\.id)).count == results.count, "more than one result")
        return Dictionary(results.map { ($0.id, $0) }) { first, _ in first }
    }

    /// A result as a consumer reads it.
    struct Result: Decodable {
        let id: String
        let payload: String
        let statusCode: Int?
        let errorCode: String?
        let errorMessage: String?
        let error: String?

        enum CodingKeys: String, CodingKey {
            case id, payload, error
            case statusCode = "status_code"
            case errorCode = "error_code"
            case errorMessage = "error_message"
        }
    }
}

extension RedisServer {
    @discardableResult
    func run(_ name: String, _ arguments: any RedisArgument...) throws -> RedisReply {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        return try RedisConnection(url).send(command)
    }

    /// Puts messages on a queue as producers do, by their deadlines, all at once.
    func submit(_ messages: [Message], to queue: String) throws {
        try submit(messages.map { ($0.deadline, $0.text) }, to: queue)
    }

    func submit(_ members: [(score: Int64, text: String)], to queue: String) throws {
        guard !members.isEmpty else { return }
        var command = RedisCommand("ZADD", queue)
        for member in members {
            command.append(member.score)
            command.append(member.text)
        }
        _ = try RedisConnection(url).send(command)
    }

    func length(_ list: String) throws -> Int { try Int(run("LLEN", list).integer ?? 0) }

    func members(_ set: String) throws -> [String] {
        try (run("ZRANGE", set, 0, -1).array ?? []).compactMap(\.text)
    }

    /// The elements of a list in the order a consumer pops them from its tail.
    func elements(_ list: String) throws -> [String] {
        try (run("LRANGE", list, 0, -1).array ?? []).reversed().compactMap(\.text)
    }

    /// Results in the order a consumer pops them.
    func results(_ list: String) throws -> [RedisSortedSetRun.Result] {
        try elements(list).map { try JSONDecoder().decode(RedisSortedSetRun.Result.self, from: Data($0.utf8)) }
    }

    /// All keys but the name of the database, which stays.
    func keys() throws -> Set<String> {
        try Set((run("KEYS", "*").array ?? []).compactMap(\.text)).subtracting([RedisStore.key, ServedNames.key])
    }

    /// Nothing but what consumers and operators fetch stays behind.
    func expectNothingLeft(but names: Set<String>) async throws {
        try await eventually(try "nothing is left but \(names): \(keys())", within: .seconds(5)) {
            try keys() == names ? true : nil
        }
    }
}

/// Starts a gateway and the stages over a new Redis; afterwards nothing may be left in it but `leaving`.
///
/// - Parameter queue: flags for the queue; `nil` for one with the default names.
func withSortedSetRun(
    script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil, latency: Latency = .fixed(.zero),
    dispatches: Int = 1, ingests: Int = 1, emits: Int = 1, flags: [String] = quickRetries,
    own: [String: [String]] = [:], appendOnly: Bool = false, leaving: Set<String> = [RedisSortedSetRun.list],
    queue: ((RedisServer, GatewaySimulator) throws -> [String])? = nil, _ body: (RedisSortedSetRun) async throws -> Void
) async throws {
    let redis = try await RedisServer(appendOnly: appendOnly)
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        let pipeline = try Pipeline(
            queue: try queue?(redis, gateway) ?? RedisSortedSetRun.flags(redis, gateway: gateway.completions),
            dispatches: dispatches, ingests: ingests, emits: emits, flags: flags, own: own)
        try await withPipeline(pipeline) { pipeline in
            try await pipeline.waitUntilStarted()
            try await body(RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline))
            try await redis.expectNothingLeft(but: leaving)
        }
    }
    redis.kill()
}

/// When each request reached a gateway, by the text of its body.
final class Arrivals: Sendable {
    private let times = Mutex<[String: [ContinuousClock.Instant]]>([:])

    func note(_ request: GatewayRequest) { times.withLock { $0[request.text, default: []].append(.now) } }

    func count(_ body: String) -> Int { times.withLock { $0[body]?.count ?? 0 } }

    /// From each attempt to the next, in seconds.
    func gaps(_ body: String) -> [Double] {
        let all = times.withLock { $0[body] ?? [] }
        return zip(all, all.dropFirst()).map { ($1 - $0) / .seconds(1) }
    }
}
