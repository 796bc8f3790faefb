import Messages
import Queue
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// The old primary stays where it was, as a replica; the new one is at another address of the same name.
@Suite(.timeLimit(.minutes(1)))
struct FailoverTests {
    private func ask(_ server: RedisServer, _ command: RedisCommand) throws {
        _ = try RedisConnection(server.url).send(command)
    }

    @Test
    func takesSourceAndSinkToTheNewPrimary() async throws {
        let old = try await RedisServer(host: "127.0.0.1")
        let new = try await RedisServer(host: "::1", port: old.port)
        try ask(new, RedisCommand("REPLICAOF", "127.0.0.1", old.port))
        let url = RedisURL(.tcp(host: "localhost", port: old.port))
        let source = RedisSortedSetSource(url: url, queue: .sortedSet(RedisSortedSetBench.queue), logger: .silent)
        let sink = RedisSortedSetSink(url: url)
        try await source.connect()
        try await sink.connect()
        try ask(old, RedisCommand("ZADD", RedisSortedSetBench.queue, 1_900_000_000, "before"))
        #expect(try await source.take(1).map(\.text) == ["before"])

        try ask(new, RedisCommand("REPLICAOF", "NO", "ONE"))
        try ask(old, RedisCommand("REPLICAOF", "::1", new.port))
        try ask(new, RedisCommand("ZADD", RedisSortedSetBench.queue, 1_900_000_000, "after"))
        let taken = try await source.take(1, within: .seconds(15))
        #expect(taken.map(\.text) == ["after"])
        for delivery in taken {
            let result = Settlement(
                receipt: delivery.receipt, queue: RedisSortedSetBench.queue, destination: "list", id: "a",
                action: .result(Bytes("x".utf8)))
            var statuses: [SettlementStatus]?
            for _ in 0..<100 where statuses?[0] != .settled {
                do throws(QueueError) { statuses = try await sink.settle([result]) } catch {}
            }
            #expect(statuses == [.settled])
        }
        #expect(await source.health() == .reachable)
        #expect(await sink.health() == .reachable)
    }

    /// Where nothing happens, nothing is noticed, unless somebody asks.
    @Test
    func anIdleSinkSaysThatItsServerTakesNoWrites() async throws {
        let (one, two) = (try await RedisServer(), try await RedisServer())
        let sink = RedisSortedSetSink(url: one.url)
        try await sink.connect()
        try ask(one, RedisCommand("REPLICAOF", "127.0.0.1", two.port))
        let end = ContinuousClock.now + .seconds(10)
        while await sink.health() == .reachable, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
        }
        guard case .unreachable(let reason) = await sink.health() else {
            Issue.record("the sink calls a replica reachable")
            return
        }
        #expect(reason.contains("replica"))
    }
}
