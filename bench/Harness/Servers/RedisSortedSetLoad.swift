import Redis
package import TestServers

/// How Redis keeps what it is told.
package enum AppendOnly: String, Sendable, CaseIterable {
    case off
    case everysec
    case always

    var isOn: Bool { self != .off }
}

/// `redis-sortedset` on a Redis of its own.
package struct RedisSortedSetLoad: Sendable {
    static let requests = "request-sortedset"
    static let results = "result-list"

    package let redis: RedisServer

    package init(_ appendOnly: AppendOnly) async throws {
        redis = try await RedisServer(
            appendOnly: appendOnly.isOn, arguments: ["--appendfsync", appendOnly.isOn ? appendOnly.rawValue : "no"])
    }

    package func flags(gateway: String) -> [String] {
        [
            "--message-queue-impl", "redis-sortedset", "--redis.addr", "127.0.0.1:\(redis.port)",
            "--redis.inference-gateway", gateway,
        ]
    }

    /// Puts requests into the queue, and the keys of their tokens beside it.
    package func put(_ numbers: Range<Int>, _ text: RequestText) throws {
        let connection = try RedisConnection(redis.url)
        var batch: [RedisCommand] = []
        for number in numbers {
            if text.hasToken {
                batch.append(
                    RedisCommand(
                        "SET", "request-active:\(RequestText.id(number))", RequestText.token(number), "EX", 3600))
            }
            batch.append(RedisCommand("ZADD", Self.requests, text.deadline, text.document(number)))
            if batch.count >= 500 || number == numbers.upperBound - 1 {
                for case .error(let reason) in try connection.send(batch) {
                    throw RedisError(operation: "ZADD", reason: reason, kind: .answer)
                }
                batch.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Counts results, over one connection.
    package func counter() throws -> () throws -> Int {
        let connection = try RedisConnection(redis.url)
        return { Int(try connection.send(RedisCommand("LLEN", Self.results)).integer ?? 0) }
    }

    /// Forgets the results so far.
    package func clear() throws { _ = try RedisConnection(redis.url).send(RedisCommand("DEL", Self.results)) }
}
