import Foundation
import Logging
import Messages
import Queue
import QueueConformance
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// `redis-sortedset` for the conformance suite: one redis-server that writes everything down before it answers.
final class RedisSortedSetHarness: QueueHarness {
    static let promises: QueuePromises = .durable.union(.tellsBacklog)

    let server: RedisServer

    init() async throws { server = try await RedisServer(appendOnly: true) }

    func makeQueue() async throws -> String { "queue \(UUID().uuidString.prefix(8))" }

    func makeSource(queue: String, lease: Duration) async throws -> any RequestSource {
        let settings = RedisSortedSetSettings(lease: lease, holdAfterGap: min(lease / 3, .milliseconds(200)))
        return RedisSortedSetSource(url: server.url, queue: .sortedSet(queue), settings: settings, logger: .silent)
    }

    func makeSink() async throws -> any ResultSink { RedisSortedSetSink(url: server.url) }

    func resultDestination(of queue: String) -> String { "results of \(queue)" }

    func publish(_ body: [UInt8], to queue: String) async throws {
        // As a producer: the deadline is the score, and its fraction keeps what arrived first in front.
        let clock = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
        try server.zadd(queue, score: 2_000_000_000 + clock / 1e6, body)
    }

    func results(of queue: String) async throws -> [[UInt8]] {
        let list = try server.command("LRANGE", resultDestination(of: queue), 0, -1).array ?? []
        return list.reversed().compactMap(\.bytes)
    }

    func deadLetters(of queue: String) async throws -> [DeadLetter] {
        let documents = try server.command("LRANGE", "\(queue):dead-letter", 0, -1).array ?? []
        return try documents.map { document in
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(document.bytes ?? [])) as? [String: Any])
            let body = try #require(json["body"] as? String)
            let isBase64 = json["body_encoding"] as? String == "base64"
            let bytes = isBase64 ? try #require(Base64.decode(Bytes(body.utf8))) : Array(body.utf8)
            return DeadLetter(bytes: bytes, reason: json["reason"] as? String ?? "")
        }
    }

    func stopServer() async throws { server.stop() }

    func startServer() async throws { try await server.start() }
}

extension QueueSettings {
    static func sortedSet(_ name: String, retryQueue: String = "retry-sortedset") -> QueueSettings {
        QueueSettings(id: name, name: name, retryQueue: retryQueue, target: .url("http://localhost"))
    }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension RedisServer {
    func command(_ name: String, _ arguments: any RedisArgument...) throws -> RedisReply {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        return try RedisConnection(url).send(command)
    }

    func zadd(_ set: String, score: Double, _ member: [UInt8]) throws {
        _ = try command("ZADD", set, "\(score)", member)
    }
}
