import Foundation
import Messages
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSource
import TestServers
import Testing

/// Deadlines of what waits, counted by a real server.
struct DeadlineCountTests {
    @Test(.timeLimit(.minutes(1)))
    func countsExactlyWhatIsDueUpToEachStep() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        let now = Date().timeIntervalSince1970
        // A minute between each two, so that the second that passes meanwhile changes no count.
        let left = (0..<200).map { Double($0) * 60 - 1_230 + 31 }
        for (number, left) in left.enumerated() {
            try bench.server.zadd(RedisSortedSetBench.queue, score: now + left, Array("\(number)".utf8))
        }
        let backlog = await source.backlog()
        let deadlines = try #require(backlog.deadlines)
        #expect(backlog.waiting == 200)
        #expect(deadlines.total == 200)
        let isCounted = deadlines.points.filter { point in left.allSatisfy { abs($0 - point.left) > 5 } }
        #expect(isCounted.count > 50)
        for point in isCounted { #expect(point.count == left.count { $0 <= point.left }, "\(point)") }
        #expect(deadlines.points.count > DeadlineLadder.steps.count, "where most are it is counted once more")
        bench.server.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsLeasesAndWhatStandsBehindTheSameBytes() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        try bench.submit("a", "b", "c")
        #expect(try await source.lease(limit: 3).count == 3)
        try bench.submit("a", "d")
        // It finds the same bytes leased and puts them aside.
        #expect(try await source.lease(limit: 1).count == 1)
        let backlog = await source.backlog()
        #expect(backlog.leased == 4)
        #expect(backlog.behind == 1)
        #expect(backlog.waiting == 0)
        bench.server.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysNothingWhenTheServerDoesNotAnswer() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        bench.server.stop()
        let backlog = await source.backlog()
        #expect(backlog == Backlog())
        #expect(!backlog.isUntold, "it would tell")
    }

    /// A million requests of a night; the server's own figures of what the commands took.
    @Test(.timeLimit(.minutes(2)))
    func costsTheServerLittleWhateverWaits() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        let fill = """
            local now = tonumber(redis.call('TIME')[1])
            for i = 1, 50000 do
              redis.call('ZADD', KEYS[1], now + 60 + (i * 7919) % 86400 + i / 100000, ARGV[1] .. i)
            end
            """
        for part in 0..<20 { _ = try bench.server.command("EVAL", fill, 1, RedisSortedSetBench.queue, "part \(part) ") }
        _ = await source.backlog()
        _ = try bench.server.command("CONFIG", "RESETSTAT")
        let polls = 20
        for _ in 0..<polls {
            let backlog = await source.backlog()
            #expect(backlog.waiting == 1_000_000)
            #expect(backlog.deadlines?.count(within: 86_400 * 2) == 1_000_000)
        }
        let figures = try bench.server.command("INFO", "commandstats").text ?? ""
        let used = figures.matches(of: /cmdstat_(zcount|zrange|hlen):calls=([0-9]+),usec=([0-9]+)/)
        let microseconds = used.compactMap { Int($0.3) }.reduce(0, +) / polls
        let calls = used.compactMap { Int($0.2) }.reduce(0, +) / polls
        print("deadlines of 1,000,000 requests: \(calls) commands, \(microseconds) µs of the server per poll")
        #expect(calls < 250)
        #expect(microseconds < 10_000)
        bench.server.stop()
    }
}
