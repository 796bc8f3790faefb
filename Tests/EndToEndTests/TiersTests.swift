import Foundation
import GatewaySimulator
import TestServers
import Testing

extension EndToEnd {
    /// Queues of which one matters more than the other.
    struct TiersTests {
        private typealias Queue = (name: String, fields: String)

        /// Queues at one gateway with 32 slots, by tier.
        private func withQueues(
            _ queues: [Queue], policy: [String] = ["--request-merge-policy", "tier-priority"],
            _ body: (RedisSortedSetRun) async throws -> Void
        ) async throws {
            let redis = try await RedisServer()
            try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(100)))) { gateway in
                let file = try temporaryDirectory().appending(path: "queues.json")
                let entries = queues.map {
                    """
                    {"queue_name": "\($0.name)", "igw_base_url": "\(gateway.url)",
                     \($0.fields.replacing("REDIS", with: "127.0.0.1:\(redis.port)"))}
                    """
                }
                try """
                {"url": "redis://127.0.0.1:\(redis.port)", "queues": [\(entries.joined(separator: ","))]}
                """.write(to: file, atomically: true, encoding: .utf8)
                let pipeline = try Pipeline(
                    queue: ["--message-queue-impl", "redis-sortedset", "--queues-config-file", file.path],
                    flags: quickRetries + ["--concurrency", "32"] + policy)
                try await withPipeline(pipeline) { pipeline in
                    try await body(RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline))
                }
                try FileManager.default.removeItem(at: file.deletingLastPathComponent())
            }
            redis.kill()
        }

        /// While those of `name` came: how many others did.
        private func others(than name: String, _ run: RedisSortedSetRun) throws -> Int {
            let isOne = run.gateway.requests().map { $0.text.contains(name) }
            let first = try #require(isOne.firstIndex(of: true))
            let last = try #require(isOne.lastIndex(of: true))
            return isOne[first...last].count { !$0 }
        }

        /// 400 of the lower one are there first.
        @Test(.timeLimit(.minutes(1)))
        func theHigherTierGoesFirstAndTheLowerOneGoesOn() async throws {
            let queues: [Queue] = [
                ("low", #""labels": {"tier": "batch"}"#),
                ("high", #""labels": {"tier": "interactive", "classification": "reserved"}"#),
            ]
            try await withQueues(queues) { run in
                try run.submit(ids(400).map { Message("low-\($0)", payload: #"{"of":"low"}"#) }, to: "low")
                try await eventually("the lower ones are on their way") {
                    run.gateway.requests().count > 40 ? true : nil
                }
                try run.submit(ids(200).map { Message("high-\($0)", payload: #"{"of":"high"}"#) }, to: "high")
                try await run.waitForResults(600)
                // One of sixteen slots, and what goes while dispatch has no higher one yet; without tiers as many as
                // of the other.
                let between = try others(than: "high", run)
                #expect((2...100).contains(between), "\(between) of the lower tier in between")
            }
        }

        /// Both have requests all the time; what of the higher one is on its way has its turn, too.
        @Test(.timeLimit(.minutes(1)))
        func strictOrderSendsNothingOfALowerTierWhileThereIsAHigherOne() async throws {
            let folder = try temporaryDirectory()
            let file = folder.appending(path: "policy.json")
            try #"{"type": "tier-priority", "parameters": {"weights": "strict"}}"#
                .write(to: file, atomically: true, encoding: .utf8)
            let queues: [Queue] = [
                ("low", #""labels": {"tier": "batch"}"#), ("high", #""labels": {"tier": "interactive"}"#),
            ]
            try await withQueues(queues, policy: ["--request-merge-policy-config-file", file.path]) { run in
                try run.submit(ids(1200).map { Message("high-\($0)", payload: #"{"of":"high"}"#) }, to: "high")
                try await eventually("the higher ones are on their way") {
                    run.gateway.requests().count > 40 ? true : nil
                }
                try run.submit(ids(300).map { Message("low-\($0)", payload: #"{"of":"low"}"#) }, to: "low")
                try await run.waitForResults(1500)
                // Now and then a lease takes longer than is waited for; one of sixteen slots would be 75.
                let between = try others(than: "high", run)
                #expect(between <= 36, "\(between) of the lower tier in between")
            }
            try FileManager.default.removeItem(at: folder)
        }

        /// By its labels it would get twice as much as the other, and over its quota it gets a quarter.
        @Test(.timeLimit(.minutes(1)))
        func whatIsOverItsQuotaStandsBehindWhatIsReserved() async throws {
            let queues: [Queue] = [
                (
                    "quota",
                    """
                    "labels": {"tier": "interactive", "classification": "reserved"}, "gate_type": "redis-quota",
                    "gate_params": {"address": "REDIS", "limit": 10, "gating_mode": "classifying"}
                    """
                ),
                ("other", #""labels": {"tier": "async", "classification": "reserved"}"#),
            ]
            try await withQueues(queues) { run in
                let user = [#""metadata":{"userid":"alice"}"#]
                try run.submit(
                    ids(600).map { Message("quota-\($0)", payload: #"{"of":"quota"}"#, fields: user) }, to: "quota")
                try await eventually("those with a quota are on their way") {
                    run.gateway.requests().count > 40 ? true : nil
                }
                try run.submit(ids(200).map { Message("other-\($0)", payload: #"{"of":"other"}"#) }, to: "other")
                try await run.waitForResults(800)
                let between = try others(than: "other", run)
                // A quarter of 200, and what was under way; by the labels it would be 400.
                #expect((2...150).contains(between), "\(between) over their quota in between")
            }
        }
    }
}
