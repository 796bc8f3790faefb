import Foundation
import GatewaySimulator
import Processes
import Redis
import RedisQueues
import TestServers
import Testing

extension EndToEnd {
    /// Stages that are connected to what they should not be: both sides say so, with both names, and nothing is lost.
    struct WiringTests {
        private static let soon = Duration.seconds(5)

        /// Ingest at retry's port, dispatch's results to itself, its failures to emit, retry's verdicts to dispatch; then
        /// every stage with the right peers.
        @Test(.timeLimit(.minutes(1)))
        func namesTheWrongStageAtBothEnds() async throws {
            let redis = try await RedisServer()
            try await withGateway { gateway in
                let queue = RedisSortedSetRun.flags(redis, gateway: gateway.completions)
                let folder = "/tmp/ap-wrong-\(UInt32.random(in: 0 ... .max))"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let status = try freePort()
                func own(_ name: String, _ flags: String...) -> [String] {
                    flags + ["--listen", "ipc://\(folder)/\(name)"]
                }
                let wrong = try Pipeline(
                    queue: queue,
                    own: [
                        "ingest": ["--dispatch", "ipc://\(folder)/retry", "--metrics-port", "\(status)"],
                        "dispatch": own(
                            "dispatch", "--emit", "ipc://\(folder)/dispatch", "--retry", "ipc://\(folder)/emit"),
                        "retry": own("retry", "--emit", "ipc://\(folder)/dispatch"),
                        "emit": own("emit"),
                    ])
                try redis.submit(ids(10).map { Message($0) }, to: RedisSortedSetRun.queue)
                try await withPipeline(wrong) { wrong in
                    let sayings = [
                        "ingest": ["a retry of pipeline default, not a dispatch"],
                        "retry": [
                            "an ingest of pipeline default that looks for a dispatch",
                            "a dispatch of pipeline default, not an emit",
                        ],
                        "dispatch": [
                            "a dispatch of pipeline default, not an emit", "an emit of pipeline default, not a retry",
                            "a dispatch of pipeline default that looks for an emit",
                            "a retry of pipeline default that looks for an emit",
                        ],
                        "emit": ["a dispatch of pipeline default that looks for a retry"],
                    ]
                    try await wrong.waitUntilStarted()
                    for (name, texts) in sayings {
                        try await wrong.waitUntilSaid(texts.map { (name, $0) }, within: Self.soon)
                    }
                    let ready = try capture(
                        "/usr/bin/curl", ["-s", "-w", " %{http_code}", "http://127.0.0.1:\(status)/readyz"])
                    #expect(ready.contains("is a retry of pipeline default, not a dispatch") && ready.hasSuffix(" 503"))
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

        @Test(.timeLimit(.minutes(1)))
        func refusesStagesOfAnotherPipeline() async throws {
            let redis = try await RedisServer()
            try await withGateway { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    own: ["dispatch": ["--pipeline", "blue"]])
                try redis.submit(ids(3).map { Message($0) }, to: RedisSortedSetRun.queue)
                try await withPipeline(pipeline) { pipeline in
                    let sayings = [
                        ("ingest", "a dispatch of pipeline blue, not of pipeline default"),
                        ("dispatch", "an ingest of pipeline default, not of pipeline blue"),
                        ("emit", "a dispatch of pipeline blue, not of pipeline default"),
                    ]
                    try await pipeline.waitUntilSaid(sayings, within: .seconds(10))
                    #expect(gateway.requests().isEmpty)
                }
            }
            redis.kill()
        }

        /// Answers wait in dispatch while the only emit settles in another database; then they go to the right one.
        @Test(.timeLimit(.minutes(2)))
        func keepsAnswersForAnEmitOfTheRightStore() async throws {
            let redis = try await RedisServer()
            let (emitStatus, dispatchStatus) = (try freePort(), try freePort())
            try await withGateway { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions), emits: 2, flags: quickRetries,
                    own: [
                        "emit": [
                            "--redis.url", "redis://127.0.0.1:\(redis.port)/5", "--metrics-port", "\(emitStatus)",
                        ],
                        "dispatch": ["--metrics-port", "\(dispatchStatus)"],
                    ])
                for name in ["ingest", "dispatch", "retry", "emit"] { try await pipeline[name].start() }
                do {
                    try redis.submit(ids(10).map { Message($0) }, to: RedisSortedSetRun.queue)
                    try await eventually("ten answers") { gateway.requests().count == 10 ? true : nil }
                    for name in ["dispatch", "emit"] {
                        try await eventually("\(name) says it", within: Self.soon) {
                            await (try pipeline[name]).logText().contains("redis-sortedset store") ? true : nil
                        }
                    }
                    let texts = [
                        (emitStatus, "it is given back, and waits for an emit of that store"),
                        (dispatchStatus, "settles in the redis-sortedset store"),
                    ]
                    for (port, text) in texts {
                        try await eventually("status on \(port) says it", within: Self.soon) {
                            let base = "http://127.0.0.1:\(port)"
                            let ready = try capture("/usr/bin/curl", ["-s", "-w", " %{http_code}", base + "/readyz"])
                            let status = try capture("/usr/bin/curl", ["-s", base + "/status"])
                            return ready.contains(text) && ready.hasSuffix(" 503") && status.contains(text) ? true : nil
                        }
                    }
                    #expect(try redis.length(RedisSortedSetRun.list) == 0)
                    try await pipeline["emit2"].start()
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try await run.waitForResults(10)
                    try run.expectOneResultEach(ids(10))
                    #expect(gateway.requests().count == 10, "something was inferred again")
                    #expect(try redis.length(RedisSortedSetRun.queue + ":dead-letter") == 0)
                } catch {
                    Issue.record("\(error)\n\(await pipeline.logs())")
                }
                await pipeline.end()
            }
            redis.kill()
        }

        /// What is at the gateway while another database takes the place of the one it came from waits for that one.
        @Test(.timeLimit(.minutes(1)))
        func keepsAnswersWhileAnotherDatabaseIsBehindTheAddress() async throws {
            try await withSortedSetRun(latency: .fixed(.seconds(1))) { run in
                try await run.warmUp()
                try run.submit(ids(8))
                try await eventually("eight attempts") { run.gateway.requests().count == 9 ? true : nil }
                let other = RedisURL(.tcp(host: "127.0.0.1", port: run.redis.port), database: 5)
                _ = try RedisConnection(other).send(RedisCommand("SET", RedisStore.key, "other"))
                try run.redis.run("SWAPDB", 0, 5)
                for name in ["dispatch", "emit"] {
                    try await eventually("\(name) says it", within: .seconds(10)) {
                        await (try run.pipeline[name]).logText().contains("in the redis-sortedset store") ? true : nil
                    }
                }
                try run.redis.run("SWAPDB", 0, 5)
                try await run.waitForResults(8)
                try run.expectOneResultEach(ids(8))
                #expect(run.gateway.requests().count == 9, "something was inferred again")
            }
        }

        /// What was in an emptied database is gone; what comes later is answered, and nobody waits for the first.
        @Test(.timeLimit(.minutes(1)))
        func goesOnAfterTheDatabaseWasEmptied() async throws {
            try await withSortedSetRun(latency: .fixed(.milliseconds(500))) { run in
                try await run.warmUp()
                try run.submit(ids(8))
                try await eventually("eight attempts") { run.gateway.requests().count == 9 ? true : nil }
                try run.redis.run("FLUSHALL")
                try run.submit(["later"])
                try await run.waitForResults(1)
                try run.expectOneResultEach(["later"])
                #expect(await (try run.pipeline["emit"]).logText().contains("A connection is wrong") == false)
            }
        }
    }
}
