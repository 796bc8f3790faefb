import Messages
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// The same bytes on the queue once more while the first are held.
@Suite(.timeLimit(.minutes(1)))
struct RepeatedBytesTests {
    private let keys = RedisSortedSetKeys(queue: RedisSortedSetBench.queue, retrySet: "retry-sortedset")

    private func submit(_ bench: RedisSortedSetBench, _ bodies: [String], score: Int) throws {
        let adds = bodies.map { RedisCommand("ZADD", RedisSortedSetBench.queue, score, $0) }
        _ = try RedisConnection(bench.server.url).send(adds)
    }

    @Test
    func hideNothingThatStandsBehindThem() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(), bench.sink())
        let bodies = (0..<1200).map { "request \($0)" }
        try submit(bench, bodies, score: 1_900_000_000)
        let taken = try await source.take(1200)
        let parks = taken.map { bench.settlement($0, .park(afterMilliseconds: 60_000, failedAttempts: 1)) }
        for start in stride(from: 0, to: parks.count, by: 256) {
            _ = try await sink.settle(Array(parks[start...].prefix(256)))
        }
        try submit(bench, bodies, score: 1_900_000_000)
        try submit(bench, (0..<10).map { "new \($0)" }, score: 1_900_000_100)
        let new = try await source.take(10, within: .seconds(5))
        #expect(Set(new.map(\.text)) == Set((0..<10).map { "new \($0)" }))
        #expect(try await source.isQuiet())

        // When the first has its record, its bytes are the next submission.
        #expect(try await sink.settle([bench.result(taken[7], "one")]) == [.settled])
        #expect(try await source.take(1, within: .seconds(2)).map(\.text) == [taken[7].text])
        #expect(try bench.server.command("HLEN", keys.again).integer == 1199)
    }

    @Test
    func becomeDeadLettersOrResultsOfTheirOwn() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(), bench.sink())
        try bench.submit("a")
        let first = try await source.take(1)[0]
        try bench.submit("a")
        #expect(try await source.isQuiet())
        #expect(try await sink.settle([bench.settlement(first, .deadLetter(reason: "r", result: nil))]) == [.settled])
        let second = try await source.take(1)[0]
        #expect(try await sink.settle([bench.result(second, "two")]) == [.settled])
        #expect(try bench.keys() == ["request-sortedset:dead-letter", RedisSortedSetBench.list])
    }

    /// As an emit of an older version leaves them, which does not know that they were put aside.
    @Test
    func comeBackWhenNobodyBroughtThemBack() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try bench.server.command("HSET", keys.again, SHA1.hex("a".utf8), "1900000000 a")
        let taken = try #require(try await bench.source().take(1).first)
        #expect(taken.text == "a")
        #expect(try await bench.sink().settle([bench.result(taken, "x")]) == [.settled])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }
}
