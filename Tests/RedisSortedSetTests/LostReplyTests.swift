import Messages
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// The request reached the server, which did what it was asked; the answer got lost.
@Suite(.timeLimit(.minutes(1)))
struct LostReplyTests {
    /// Leases until it works, as ingest does.
    private func lease(_ source: RedisSortedSetSource, _ limit: Int) async throws -> [Delivery] {
        let end = ContinuousClock.now + .seconds(15)
        while ContinuousClock.now < end {
            do throws(QueueError) { return try await source.lease(limit: limit) } catch {}
        }
        return []
    }

    @Test
    func ofAClaimLosesNoRequest() async throws {
        let bench = try await RedisSortedSetBench()
        let proxy = try CuttingProxy(to: bench.server.port)
        let source = try await bench.source(url: proxy.url)
        try bench.submit("first")
        _ = try await source.take(1)
        for entry in ["due 1", "due 2"] { _ = try bench.server.command("ZADD", "retry-sortedset", 1, entry) }
        try bench.submit("a", "b", "c")
        proxy.swallowReply(toRequestWith: RedisSortedSetScripts.standard.claim.digest)
        let taken = try await lease(source, 5)
        #expect(Set(taken.map(\.text)) == ["due 1", "due 2", "a", "b", "c"])
        #expect(taken.allSatisfy { $0.deliveries == 0 })
        #expect(try await source.renew(taken.map(\.receipt)) == [])
        #expect(proxy.cuts == 1)
    }

    /// Looking for what was claimed must not read what is parked: with 2.5 million requests that took 10 s, longer than
    /// anybody waits for a reply.
    @Test
    func ofAClaimCostsNoMoreBecauseMuchIsParked() async throws {
        let bench = try await RedisSortedSetBench()
        let fill = """
            for i = 1, 300000 do
              local key = redis.sha1hex('x' .. i)
              redis.call('HSET', KEYS[1], key, 'P4000000000.000 b 1900000000 3 0')
              redis.call('HSET', KEYS[2], key, '{"id":"x' .. i .. '"}')
            end
            """
        let keys = RedisSortedSetKeys(queue: RedisSortedSetBench.queue, retrySet: "retry-sortedset")
        let patient = RedisTimeouts(command: .seconds(30))
        _ = try RedisConnection(bench.server.url, timeouts: patient).send(
            RedisCommand("EVAL", fill, 2, keys.state, keys.requests))
        let proxy = try CuttingProxy(to: bench.server.port)
        let source = try await bench.source(url: proxy.url)
        try bench.submit("first")
        _ = try await source.take(1)
        try bench.submit("a", "b")
        _ = try bench.server.command("CONFIG", "SET", "slowlog-log-slower-than", 50_000)
        _ = try bench.server.command("SLOWLOG", "RESET")
        proxy.swallowReply(toRequestWith: RedisSortedSetScripts.standard.claim.digest)
        #expect(try await lease(source, 2).map(\.text) == ["a", "b"])
        #expect(proxy.cuts == 1)
        #expect(try bench.server.command("SLOWLOG", "LEN").integer == 0)
    }

    @Test
    func ofTheCancellationsLosesNoRequest() async throws {
        let bench = try await RedisSortedSetBench()
        let proxy = try CuttingProxy(to: bench.server.port)
        let source = try await bench.source(url: proxy.url)
        try bench.submit("first")
        _ = try await source.take(1)
        try bench.submit(tagged(id: "a", token: "t1"), tagged(id: "b", token: "t1"))
        _ = try bench.server.command("SET", "request-cancel:b", "t1")
        proxy.swallowReply(toRequestWith: "request-cancel:")
        #expect(try await lease(source, 2).map(\.isCancelled).sorted { !$0 && $1 } == [false, true])
        #expect(proxy.cuts == 1)
    }

    @Test
    func ofASettlementWritesEachRecordOnce() async throws {
        let bench = try await RedisSortedSetBench()
        let proxy = try CuttingProxy(to: bench.server.port)
        let (source, sink) = (try await bench.source(), bench.sink(url: proxy.url))
        try bench.submit("a", "b", "c", "d", "e")
        let taken = try await source.take(5)
        #expect(try await sink.settle([bench.result(taken[0], "a")]) == [.settled])
        let batch = [
            bench.result(taken[1], "b"), bench.settlement(taken[2], .park(afterMilliseconds: 0, failedAttempts: 1)),
            bench.settlement(taken[3], .deadLetter(reason: "r", result: Bytes("d".utf8))), bench.result(taken[4], "e"),
        ]
        proxy.swallowReply(toRequestWith: RedisSortedSetScript.settle.digest)
        await #expect(throws: QueueError.self) { try await sink.settle(batch) }
        #expect(try await sink.settle(batch) == [.stale, .stale, .stale, .stale])
        #expect(try bench.popped() == ["a", "b", "d", "e"])
        #expect(try bench.members("retry-sortedset").count == 1)
        #expect(try bench.popped("request-sortedset:dead-letter").count == 1)
        #expect(proxy.cuts == 1)
    }
}
