import Foundation
import Messages
import Queue
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// Wherever a script is refused a command, each request ends in exactly one record once nothing is refused any more.
@Suite(.timeLimit(.minutes(1)))
struct StoppedScriptTests {
    private static let bodies = ["a", "b", "c", "d", "e", "f", "g"]
    private static let commands = [
        "HMGET", "HGET", "HSET", "HSETNX", "HDEL", "ZADD", "ZREM", "ZSCORE", "ZRANGEBYSCORE", "LPUSH", "RPUSH", "RPOP",
        "MGET", "DEL", "ZRANGE", "ZREMRANGEBYRANK", "SET", "EXISTS", "TIME",
    ]

    /// Takes over at once what has expired.
    private func source(
        _ bench: RedisSortedSetBench, scripts: RedisSortedSetScripts = .standard
    ) async throws -> RedisSortedSetSource {
        let source = RedisSortedSetSource(
            url: bench.server.url, queue: .sortedSet(RedisSortedSetBench.queue),
            settings: RedisSortedSetSettings(holdAfterGap: .zero), logger: .silent, scripts: scripts)
        try await source.connect()
        return source
    }

    /// Results to two lists, a parked one's result, a parked, a released and a buried request, tokens: all that settle does.
    private func stopsSettling(_ bench: RedisSortedSetBench, rule: String) async throws -> String? {
        let sink = RedisSortedSetSink(url: bench.server.url, script: RedisSortedSetScripts.refusing.settle)
        let source = try await source(bench)
        for body in Self.bodies { try bench.submit(body) }
        let taken = Dictionary(uniqueKeysWithValues: try await source.take(Self.bodies.count).map { ($0.text, $0) })
        func delivery(_ text: String) throws -> Delivery { try #require(taken[text]) }
        let parked = bench.settlement(try delivery("f"), .park(afterMilliseconds: 0, failedAttempts: 1))
        #expect(try await bench.sink().settle([parked]) == [.settled])
        let batch = [
            bench.result(try delivery("a"), "a"), bench.result(try delivery("b"), to: "other", "b"),
            bench.settlement(try delivery("c"), .park(afterMilliseconds: 0, failedAttempts: 1)),
            bench.settlement(try delivery("d"), .release), bench.result(try delivery("f"), "f"),
            bench.settlement(try delivery("e"), .deadLetter(reason: "r", result: Bytes("e".utf8))),
            bench.result(try delivery("g"), "g"),
        ]
        _ = try bench.server.command("SET", "refuse", rule)
        for _ in 0..<2 { _ = try? await sink.settle(batch) }
        return try await finish(bench, sink, batch)
    }

    private func stopsClaiming(_ bench: RedisSortedSetBench, rule: String) async throws -> String? {
        let source = try await source(bench, scripts: .refusing)
        for body in Self.bodies.prefix(4) { try bench.submit(body) }
        let first = try await source.take(4)
        try #require(first.count == 4)
        for body in Self.bodies.dropFirst(4) { try bench.submit(body) }
        let sink = bench.sink()
        _ = try await sink.settle([
            bench.settlement(first[0], .park(afterMilliseconds: 0, failedAttempts: 1)),
            bench.settlement(first[1], .park(afterMilliseconds: 60_000, failedAttempts: 1)),
        ])
        try bench.makeDue()
        _ = try bench.server.command("SET", "refuse", rule)
        let taken = try await source.take(10, within: .milliseconds(30))
        return try await finish(bench, sink, (first + taken).map { bench.result($0, $0.text) })
    }

    /// Nothing is refused any more: everything is settled, claimed and settled again, until nothing is left.
    ///
    /// - Returns: what was refused.
    private func finish(
        _ bench: RedisSortedSetBench, _ sink: RedisSortedSetSink, _ batch: [Settlement]
    ) async throws -> String? {
        let refused = try bench.server.command("GET", "refused").text
        _ = try bench.server.command("DEL", "refuse", "refused")
        _ = try await sink.settle(batch)
        let source = try await source(bench)
        while true {
            try bench.expireLeases()
            for member in try bench.members("async:request-sortedset:parked") {
                _ = try bench.server.command("ZADD", "async:request-sortedset:parked", 1, member)
            }
            try bench.makeDue()
            let more = try await source.take(1, within: .milliseconds(30))
            if try more.isEmpty && bench.members("async:request-sortedset:leases").isEmpty { break }
            let statuses = try await sink.settle(more.map { bench.result($0, $0.text) })
            #expect(statuses.allSatisfy { $0 == .settled || $0 == .stale })
        }
        let records = try bench.popped() + bench.popped("other")
        #expect(records.sorted() == Self.bodies, "\(refused ?? "")")
        #expect(try bench.popped("\(RedisSortedSetBench.queue):dead-letter").count <= 1)
        let left = try bench.keys().filter { !["result-list", "other", "request-sortedset:dead-letter"].contains($0) }
        #expect(left == [], "\(refused ?? "")")
        _ = try bench.server.command("FLUSHDB")
        return refused
    }

    @Test(arguments: [true, false])
    func anyOneCallMayBeRefused(settles: Bool) async throws {
        let bench = try await RedisSortedSetBench()
        var refusals: [String] = []
        for number in 1...200 {
            let refused =
                settles
                ? try await stopsSettling(bench, rule: "\(number)") : try await stopsClaiming(bench, rule: "\(number)")
            guard let refused else { break }
            refusals.append(refused)
        }
        #expect(refusals.count > (settles ? 20 : 8) && refusals.count < 200, "\(refusals)")
    }

    @Test(arguments: commands)
    func anyCommandMayBeRefused(command: String) async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await stopsSettling(bench, rule: command)
        _ = try await stopsClaiming(bench, rule: command)
    }
}
