import GatewaySimulator
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// One queue's trouble takes its own share of room and no more.
    struct SharesTests {
        private static let good = (queue: "good", list: "good-list")
        private static let stuck = (queue: "stuck", list: "stuck-list")

        /// More than emit has places for: without shares the stuck results fill them all.
        @Test(.timeLimit(.minutes(3)))
        func answersOneQueueWhileTheResultsOfTheOtherAreRefusedAndThoseAfterwards() async throws {
            try await withSortedSetRun(
                latency: .fixed(.milliseconds(20)), flags: quickRetries + ["--concurrency", "512"],
                leaving: [Self.good.list, Self.stuck.list],
                queue: { redis, gateway in
                    try redis.run(
                        "ACL", "SETUSER", "ap", "on", ">pw", "~good*", "~stuck", "~stuck:*", "~retry-sortedset",
                        "~async:*", "&*", "+@all")
                    let url = "redis://ap:pw@127.0.0.1:\(redis.port)"
                    return RedisSortedSetRun.flags(url: url, gateway: gateway.completions) + [
                        "--redis.request-queue-name", Self.good.queue, "--redis.result-queue-name", Self.good.list,
                        "--redis.request-queue-name.2", Self.stuck.queue, "--redis.result-queue-name.2",
                        Self.stuck.list,
                    ]
                }
            ) { run in
                let ids = (good: (0..<4000).map { "g\($0)" }, stuck: (0..<3000).map { "s\($0)" })
                try run.submit(ids.stuck, to: Self.stuck.queue)
                try run.submit(ids.good, to: Self.good.queue)
                try await run.waitForResults(ids.good.count, in: Self.good.list, within: .seconds(60))
                #expect(try run.redis.length(Self.stuck.list) == 0)
                // Most of them wait in their queue, and none was tried that could not be kept.
                #expect(run.gateway.requests().count < ids.good.count + ids.stuck.count)
                try run.redis.run("ACL", "SETUSER", "ap", "~stuck-list")
                try await run.waitForResults(ids.stuck.count, in: Self.stuck.list)
                try run.expectOneResultEach(ids.good, in: Self.good.list)
                try run.expectOneResultEach(ids.stuck, in: Self.stuck.list)
                #expect(run.gateway.requests().count == ids.good.count + ids.stuck.count)
            }
        }
    }
}
