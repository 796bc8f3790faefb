import Foundation
import Redis
import Subprocess
import SystemPackage
import TestServers
import Testing

@testable import Apctl

/// The executable itself: what scripts see of it.
struct DeadLetterProcessTests {
    private func run(_ arguments: [String], _ environment: [Environment.Key: String] = [:]) async throws -> (
        status: TerminationStatus, out: [UInt8], error: String
    ) {
        let record = try await Subprocess.run(
            .path(FilePath(ProcessTests.executable)), arguments: Arguments(["dead-letters"] + arguments),
            environment: .inherit.updating(environment), input: .none,
            output: .bytes(limit: 1 << 20), error: .string(limit: 1 << 20))
        return (record.terminationStatus, record.standardOutput, record.standardError)
    }

    @Test(.timeLimit(.minutes(1)))
    func statusAndStreamsSayHowItWent() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        _ = try client.send(RedisCommand("RPUSH", "request-queue:dead-letter", element("a", [0xFF, 0xFE])))
        _ = try client.send(RedisCommand("RPUSH", "request-queue:dead-letter", element("b", request("b"))))
        let here: [Environment.Key: String] = ["AP_REDIS_ADDR": "127.0.0.1:\(server.port)"]

        let list = try await run(["list"], here)
        #expect(list.status == .exited(0))
        #expect(String(decoding: list.out, as: UTF8.self).split(separator: "\n").count == 3)
        let body = try await run(["show", "1", "--body"], here)
        #expect(body.out == [0xFF, 0xFE])
        let kept = try await run(["requeue", "--all"], here)
        #expect(kept.status == .exited(1))
        #expect(kept.error.contains("kept 1-"))
        #expect(String(decoding: kept.out, as: UTF8.self).hasSuffix("1 requeued, 1 kept\n"))
        #expect(try client.send(RedisCommand("ZCARD", "retry-sortedset")).integer == 1)
        #expect(try await run(["delete", "a"], here).status == .exited(0))
        #expect(try await run(["delete", "a"], here).status == .exited(1))
        #expect(try client.send(RedisCommand("EXISTS", "request-queue:dead-letter")).integer == 0)
        #expect(try await run(["requeue"], here).status == .exited(64))
        #expect(try await run(["list", "--redis.url", "http://x"], here).status == .exited(64))
        server.stop()
        let away = try await run(["list"], here)
        #expect(away.status == .exited(1))
        #expect(away.error.hasPrefix("apctl dead-letters: connect"))
        #expect(away.error.hasSuffix("Connection refused\n"))
    }
}
