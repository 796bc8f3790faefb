import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// Stages of two releases beside each other, as during an update (docs/wire.md, "Version rule").
    struct ReleasesTests {
        private static let later = "ASYNC_PROCESSOR_RELEASE"

        /// Every link carries requests, outcomes, verdicts and reports.
        @Test(
            .timeLimit(.minutes(1)), arguments: [["ingest"], ["dispatch"], ["retry"], ["emit"], ["ingest", "retry"]])
        func aReleaseThatWritesOneMoreFieldWorksBesideThisOne(later names: [String]) async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings { $0.attempt == 1 ? .refusal(503, retryAfter: nil) : nil }
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions), flags: quickRetries,
                    ownEnvironment: Dictionary(uniqueKeysWithValues: names.map { ($0, [Self.later: "next"]) }))
                try redis.submit(ids(40).map { Message($0) }, to: RedisSortedSetRun.queue)
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try await run.waitForResults(40)
                    try run.expectOneResultEach(ids(40))
                    #expect(gateway.requests().count == 80)
                    for name in pipeline.names {
                        let log = await (try pipeline[name]).logText()
                        #expect(log.contains("writes field 2000") == names.contains(name), "\(name)")
                        // One about Redis is there, since its server keeps nothing.
                        let warnings = log.split(separator: "\n").filter { $0.contains(" warning ") }
                        #expect(warnings.allSatisfy { $0.contains("keeps nothing on disk") }, "\(warnings)")
                    }
                }
            }
            redis.kill()
        }

        /// It is said at both ends, and what waits is done when the right release is there.
        @Test(.timeLimit(.minutes(1)))
        func aReleaseThatSpeaksAnotherProtocolIsRefusedInWords() async throws {
            let redis = try await RedisServer()
            try await withGateway { gateway in
                let queue = RedisSortedSetRun.flags(redis, gateway: gateway.completions)
                let mixed = try Pipeline(queue: queue, ownEnvironment: ["dispatch": [Self.later: "incompatible"]])
                try redis.submit(ids(10).map { Message($0) }, to: RedisSortedSetRun.queue)
                try await withPipeline(mixed) { mixed in
                    let sayings = [
                        ("ingest", "in release 0.2.0 that speaks version 2 of the links' protocol, not 1"),
                        ("emit", "in release 0.2.0 that speaks version 2 of the links' protocol, not 1"),
                        ("dispatch", "that speaks version 1 of the links' protocol, not 2"),
                    ]
                    try await mixed.waitUntilSaid(sayings, within: .seconds(10))
                    #expect(gateway.requests().isEmpty)
                }
                try await withPipeline(Pipeline(queue: queue)) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try await run.waitForResults(10)
                    try run.expectOneResultEach(ids(10))
                }
            }
            redis.kill()
        }
    }
}
