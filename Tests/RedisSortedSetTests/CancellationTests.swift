import Messages
import Queue
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CancellationTests {
    @Test
    func marksWhatItsProducerHasCancelledAndNoOtherGeneration() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit(
            tagged(id: "a", token: "t1"), tagged(id: "b", token: "t2"), tagged(id: "c", token: "t3"),
            tagged(id: "d", token: ""))
        _ = try bench.server.command("SET", "request-cancel:a", "t1")
        _ = try bench.server.command("SET", "request-cancel:b", "t1")
        _ = try bench.server.command("SET", "request-cancel:d", "")
        let taken = try await bench.source().take(4)
        #expect(taken.map(\.isCancelled) == [true, false, false, false])
    }

    /// A token is its bytes.
    @Test(arguments: [("t caf\u{e9}", "t cafe\u{301}"), ("t cafe\u{301}", "t caf\u{e9}")])
    func doesNotMarkWhatAnotherTokenCancels(token: String, marker: String) async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit(tagged(id: "a", token: token), tagged(id: "b", token: token))
        _ = try bench.server.command("SET", "request-cancel:a", marker)
        _ = try bench.server.command("SET", "request-cancel:b", token)
        #expect(try await bench.source().take(2).map(\.isCancelled) == [false, true])
    }

    @Test
    func marksARetryThatWasCancelledWhileItWaited() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit(tagged(id: "a", token: "t1"))
        let first = try await source.take(1)[0]
        #expect(!first.isCancelled)
        let park = bench.settlement(first, .park(afterMilliseconds: 0, failedAttempts: 1))
        _ = try bench.server.command("SET", "request-cancel:a", "t1")
        #expect(try await bench.sink().settle([park]) == [.settled])
        let again = try await source.take(1)[0]
        #expect(again.isCancelled)
        #expect(try await bench.sink().settle([bench.result(again, "cancelled")]) == [.settled])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }

    @Test
    func goesOnWhereMarkersCannotBeRead() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try bench.server.command(
            "ACL", "SETUSER", "narrow", "on", ">secret", "~request-sortedset*", "~retry-sortedset", "~async:*", "&*",
            "+@all")
        let url = RedisURL(.tcp(host: "127.0.0.1", port: bench.server.port), user: "narrow", password: "secret")
        try bench.submit(tagged(id: "a", token: "t1"))
        #expect(try await bench.source(url: url).take(1).map(\.isCancelled) == [false])
    }
}
