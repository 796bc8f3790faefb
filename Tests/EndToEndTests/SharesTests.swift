import Foundation
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

        /// Of a pool with one slot that nobody answers a few wait in dispatch, and the rest stays in its queue, in order; the
        /// other pool has all of its slots.
        @Test(.timeLimit(.minutes(2)))
        func leavesTheRequestsOfAFullPoolInTheirQueue() async throws {
            let redis = try await RedisServer()
            let folder = try temporaryDirectory()
            try await withGateway(GatewaySettings(latency: .fixed(.seconds(600)))) { silent in
                try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(20)))) { quick in
                    let pools = folder.appending(path: "pools.json")
                    try #"[{"id": "quick", "workers": 16}, {"id": "silent", "workers": 1}]"#
                        .write(to: pools, atomically: true, encoding: .utf8)
                    let queues = folder.appending(path: "queues.json")
                    try """
                    {"url": "redis://127.0.0.1:\(redis.port)", "queues": [
                    {"queue_name": "quick", "igw_base_url": "\(quick.url)", "worker_pool_id": "quick"},
                    {"queue_name": "silent", "igw_base_url": "\(silent.url)", "worker_pool_id": "silent"}]}
                    """.write(to: queues, atomically: true, encoding: .utf8)
                    let pipeline = try Pipeline(
                        queue: ["--message-queue-impl", "redis-sortedset", "--queues-config-file", queues.path],
                        flags: quickRetries + [
                            "--concurrency", "32", "--slack", "off", "--pool-config-file", pools.path,
                        ])
                    try await withPipeline(pipeline) { pipeline in
                        let run = RedisSortedSetRun(redis: redis, gateway: quick, pipeline: pipeline)
                        try run.submit((0..<600).map { "s\($0)" }, to: "silent")
                        try await eventually("one is at the gateway") { silent.requests().isEmpty ? nil : true }
                        try run.submit((0..<2000).map { "q\($0)" }, to: "quick")
                        try await run.waitForResults(2000, within: .seconds(60))
                        #expect(silent.requests().count == 1)
                        let left = try #require(redis.run("ZCARD", "silent").integer)
                        #expect(left >= 500, "\(left) of 600")
                    }
                }
            }
            try FileManager.default.removeItem(at: folder)
            redis.kill()
        }
    }
}
