import Foundation
import Messages
import Queue
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ClaimingTests {
    @Test
    func handsOutByDeadlineAndEqualOnesByTheFractionTheProducerWrote() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("late", score: 1_900_000_300)
        try bench.submit("b second", score: 1_900_000_100.25)
        try bench.submit("z first", score: 1_900_000_100.125)
        try bench.submit("middle", score: 1_900_000_200)
        let taken = try await bench.source().take(4)
        #expect(taken.map(\.text) == ["z first", "b second", "middle", "late"])
    }

    @Test
    func leavesAMemberThatIsClaimedAlreadyUntilItsRecordIsWritten() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, other, sink) = (try await bench.source(), try await bench.source(), bench.sink())
        try bench.submit("same")
        let first = try await source.take(1)[0]
        try bench.submit("same", "another")
        #expect(try await other.take(2, within: .milliseconds(400)).map(\.text) == ["another"])
        #expect(try await sink.settle([bench.result(first, "one")]) == [.settled])
        #expect(try bench.members(RedisSortedSetBench.queue) == ["same"])
        let second = try await other.take(1)[0]
        #expect(second.text == "same")
        // The receipt of the first submission is of no use for the second.
        #expect(try await sink.settle([bench.result(first, "one again")]) == [.stale])
        #expect(try await sink.settle([bench.result(second, "two")]) == [.settled])
        #expect(try bench.popped() == ["one", "two"])
    }

    @Test
    func takesTwoRequestsWithOneIdForTwoSubmissions() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit(#"{"id":"a","n":1}"#, #"{"id":"a","n":2}"#)
        let taken = try await source.take(2)
        #expect(taken.count == 2)
        let statuses = try await bench.sink().settle(taken.map { bench.result($0, $0.text) })
        #expect(statuses == [.settled, .settled])
    }

    @Test
    func putsWhatItReleasesBackWhereItWas() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit("a", score: 1_900_000_000.123456)
        let before = try bench.server.command("ZRANGE", RedisSortedSetBench.queue, 0, -1, "WITHSCORES")
        let taken = try await source.take(1)
        #expect(try bench.members(RedisSortedSetBench.queue).isEmpty)
        try await source.release(taken.map(\.receipt))
        #expect(try bench.server.command("ZRANGE", RedisSortedSetBench.queue, 0, -1, "WITHSCORES") == before)
        #expect(try bench.keys() == [RedisSortedSetBench.queue])
    }

    @Test
    func losesNeitherOfTwoEqualMembersWhenOneIsReleased() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit("same")
        let first = try await source.take(1)
        try bench.submit("same")
        try await source.release(first.map(\.receipt))
        let again = try await source.take(1)[0]
        #expect(again.text == "same")
        #expect(try await bench.sink().settle([bench.result(again, "one")]) == [.settled])
        let second = try await source.take(1)
        #expect(second.map(\.text) == ["same"])
    }

    @Test
    func keepsCountsOverARelease() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(), bench.sink())
        try bench.submit("a")
        let first = try await source.take(1)[0]
        let park = bench.settlement(first, .park(afterMilliseconds: 0, failedAttempts: 3))
        #expect(try await sink.settle([park]) == [.settled])
        let second = try await source.take(1)[0]
        #expect(second.failedAttempts == 3)
        try await source.release([second.receipt])
        let third = try await source.take(1)[0]
        #expect(third.failedAttempts == 3)
        #expect(third.text == "a")
        #expect(try await sink.settle([bench.result(third, "x")]) == [.settled])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }

    /// Left to itself, ingest looks again after five minutes.
    @Test(.timeLimit(.minutes(1)))
    func isWokenByAnArrival() async throws {
        let bench = try await RedisSortedSetBench()
        let settings = RedisSortedSetSettings(lease: .seconds(1_800), lookInterval: .seconds(300))
        let source = try await bench.source(settings: settings)
        // The first call finds out how to be told.
        try bench.submit("first")
        _ = try await source.take(1)
        for number in 0..<20 {
            async let taken = source.take(1)
            try await Task.sleep(for: .milliseconds(20))
            try bench.submit("request \(number)")
            #expect(try await taken.map(\.text) == ["request \(number)"])
        }
    }

    @Test(arguments: ["-client", "-client|caching"])
    func asksNowAndThenWhereTheUserMayNotBeTold(without: String) async throws {
        let bench = try await RedisSortedSetBench()
        _ = try bench.server.command(
            "ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", without, "-info", "-config")
        let url = RedisURL(.tcp(host: "127.0.0.1", port: bench.server.port), user: "plain", password: "secret")
        let source = try await bench.source(url: url)
        for number in 0..<3 {
            async let taken = source.take(1)
            try await Task.sleep(for: .milliseconds(150))
            try bench.submit("request \(number)")
            #expect(try await taken.map(\.text) == ["request \(number)"])
        }
    }

    @Test
    func isToldAgainAfterTheConnectionsWereCut() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit("first")
        _ = try await source.take(1)
        async let taken = source.take(1)
        try await Task.sleep(for: .milliseconds(50))
        _ = try bench.server.command("CLIENT", "KILL", "TYPE", "pubsub")
        _ = try bench.server.command("CLIENT", "KILL", "TYPE", "normal")
        try await Task.sleep(for: .milliseconds(300))
        try bench.submit("second")
        #expect(try await taken.map(\.text) == ["second"])
    }

    @Test
    func sharesAThousandRequestsAmongReplicas() async throws {
        let bench = try await RedisSortedSetBench()
        for number in 0..<1000 { try bench.submit("request \(number)") }
        let texts = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 {
                let source = try await bench.source()
                group.addTask {
                    var texts: [String] = []
                    while case let batch = try await source.take(7, within: .milliseconds(500)), !batch.isEmpty {
                        texts += batch.map(\.text)
                    }
                    return texts
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(texts.count == 1000)
        #expect(Set(texts).count == 1000)
    }

    @Test
    func takesNoMoreBytesAtOnceThanItShould() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        let large = String(repeating: "x", count: 3 << 20)
        for number in 0..<6 { try bench.submit("\(number)\(large)") }
        let batch = try await source.lease(limit: 6)
        #expect(batch.count == 3)
    }
}
