import Foundation
import Queue
import QueueConformance
import Redis
import RedisListQueue
import TestServers
import Testing

/// The example of docs/adding-a-queue.md is a queue: it keeps what it promises.
@Suite(.timeLimit(.minutes(1)))
struct RedisListConformanceTests {
    @Test(arguments: ConformanceCase.all(for: RedisListHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(RedisListHarness())
    }
}

final class RedisListHarness: QueueHarness {
    static let promises: QueuePromises = [
        .keepsUnclaimed, .takesOverExpiredLeases, .parksUntilDue, .countsAttempts, .settlesOnce, .survivesOutage,
        .keepsEqualMessages,
    ]

    let server: RedisServer

    init() async throws { server = try await RedisServer(appendOnly: true) }

    func makeQueue() async throws -> String { "queue \(UUID().uuidString.prefix(8))" }

    func makeSource(queue: String, lease: Duration) async throws -> any RequestSource {
        RedisListSource(url: server.url, queue: queue, lease: lease)
    }

    func makeSink() async throws -> any ResultSink { RedisListSink(url: server.url) }

    func resultDestination(of queue: String) -> String { "results of \(queue)" }

    func publish(_ body: [UInt8], to queue: String) async throws {
        _ = try RedisConnection(server.url).send(RedisCommand("RPUSH", queue, body))
    }

    func results(of queue: String) async throws -> [[UInt8]] {
        let command = RedisCommand("LRANGE", resultDestination(of: queue), 0, -1)
        return try (RedisConnection(server.url).send(command).array ?? []).compactMap(\.bytes)
    }

    func deadLetters(of queue: String) async throws -> [DeadLetter] { [] }

    func stopServer() async throws { server.stop() }

    func startServer() async throws { try await server.start() }
}
