import Chaos
import Redis
import Synchronization
import TestServers

/// `redis-sortedset` for ordinary requests, with odd ones among them: results of the odd ones are put aside.
final class OddQueue: QueueUnderTest {
    static let requests = "request-sortedset"
    static let results = "result-list"
    /// For requests whose gateway is hostile.
    static let hostileRequests = "odd-sortedset"
    static let hostileResults = "odd-results"
    static let user = "stages"
    static let password = "secret"

    let redis: RedisServer
    /// Made once: a server that takes no more clients still knows this one.
    private let connection: Mutex<RedisConnection>
    private let odd = Mutex<[String: ResultLine]>([:])

    init() async throws {
        redis = try await RedisServer(appendOnly: false)
        connection = Mutex(try RedisConnection(redis.url))
        try run("ACL", "SETUSER", Self.user, "reset", "on", ">\(Self.password)", "allkeys", "allchannels", "+@all")
    }

    var kind: String { "redis-sortedset" }
    var port: Int? { redis.port }
    var server: (any ServerUnderTest)? { redis }
    func end() { redis.kill() }

    func flags(port: Int?, gateway: String, silentGateway hostile: String) -> [String] {
        [
            "--message-queue-impl", kind, "--redis.url",
            "redis://\(Self.user):\(Self.password)@127.0.0.1:\(port ?? redis.port)",
            "--redis.request-queue-name", Self.requests, "--redis.result-queue-name", Self.results,
            "--redis.inference-gateway", gateway, "--redis.request-queue-name.2", Self.hostileRequests,
            "--redis.result-queue-name.2", Self.hostileResults, "--redis.inference-gateway.2", hostile,
        ]
    }

    func connect() throws -> any QueueSession { Session(queue: self, connection: try RedisConnection(redis.url)) }

    /// A command as the server's operator.
    @discardableResult
    func run(_ words: String...) throws -> RedisReply { try run(words) }

    @discardableResult
    func run(_ words: [String]) throws -> RedisReply {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        let reply = try connection.withLock { try $0.send(command) }
        if let error = reply.error { throw OddityFailure("\(words.joined(separator: " ")): \(error)") }
        return reply
    }

    /// The result of an odd request, once it has come.
    func result(_ id: String) -> ResultLine? { odd.withLock { $0[id] } }

    /// What operators find in the dead letters of a queue.
    func deadLetters(of queue: String) throws -> [String] {
        (try run("LRANGE", "\(queue):dead-letter", "0", "-1").array ?? []).compactMap(\.text)
    }

    private struct Session: QueueSession {
        let queue: OddQueue
        let connection: RedisConnection

        func publish(_ requests: [Publication], first: Int) throws {
            var command = RedisCommand("ZADD", OddQueue.requests)
            for request in requests {
                command.append(request.deadline)
                command.append(request.body)
            }
            if let error = try connection.send(command).error { throw OddityFailure(error) }
        }

        /// Takes results off both lists; those of ordinary requests are handed on.
        func results(from position: Int, limit: Int) throws -> [[UInt8]] {
            var ordinary: [[UInt8]] = []
            for list in [OddQueue.results, OddQueue.hostileResults] {
                let reply = try connection.send(RedisCommand("RPOP", list, limit))
                if let error = reply.error { throw OddityFailure(error) }
                for bytes in (reply.array ?? []).compactMap(\.bytes) {
                    guard let line = ResultLine(json: bytes), line.number == nil else {
                        ordinary.append(bytes)
                        continue
                    }
                    queue.odd.withLock { $0[line.id] = line }
                }
            }
            return ordinary
        }

        func leftovers() throws -> [String] { [] }
        func measures() throws -> [String: Int] { [:] }
    }
}
