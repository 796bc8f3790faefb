import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// How many requests are at a gateway at once, with real stages.
    struct LimitsTests {
        private func poolFile(_ text: String) throws -> URL {
            let file = try temporaryDirectory().appending(path: "pools.json")
            try text.write(to: file, atomically: true, encoding: .utf8)
            return file
        }

        /// The gateway refuses a fourth request, which is more than the gate lets through.
        @Test(.timeLimit(.minutes(1)), arguments: ["on", "off"])
        func aGateOfAPoolCapsWhatIsAtItsGateway(slack: String) async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings(latency: .fixed(.milliseconds(20)), maxConcurrency: 3, overload: .shed)
            try await withGateway(settings) { gateway in
                let file = try poolFile(
                    """
                    [{"id": "\(gateway.url)", "workers": 64, "gate_type": "local-max-concurrency",
                      "gate_params": {"limit": 3}}]
                    """)
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + [
                        "--concurrency", "32", "--slack", slack, "--pool-config-file", file.path,
                    ])
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(90).map { Message($0) })
                    try await run.waitForResults(90)
                    try run.expectOneResultEach(ids(90))
                    #expect(gateway.requests().count == 90)
                }
                try FileManager.default.removeItem(at: file.deletingLastPathComponent())
            }
            redis.kill()
        }

        /// Two queues, and two addresses of one gateway that refuses a fourth request.
        @Test(.timeLimit(.minutes(1)))
        func queuesOfOnePoolShareItsWorkers() async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings(latency: .fixed(.milliseconds(20)), maxConcurrency: 3, overload: .shed)
            try await withGateway(settings) { gateway in
                let file = try poolFile(#"[{"id": "engines", "workers": 3}]"#)
                let other = gateway.completions.replacing("127.0.0.1", with: "localhost")
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions) + [
                        "--redis.request-queue-name.2", "second", "--redis.inference-gateway.2", other,
                        "--redis.worker-pool-id", "engines",
                    ],
                    flags: quickRetries + ["--concurrency", "32", "--pool-config-file", file.path])
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(60).map { Message($0) })
                    try run.submit(ids(60).map { Message("second-\($0)") }, to: "second")
                    try await run.waitForResults(120)
                    #expect(gateway.requests().count == 120)
                    #expect(Set(gateway.requests().compactMap { $0.header("host") }).count == 2)
                }
                try FileManager.default.removeItem(at: file.deletingLastPathComponent())
            }
            redis.kill()
        }

        /// Answers take a third of a second; at the end less is left.
        @Test(.timeLimit(.minutes(1)))
        func doesNotSendWhatCannotBeAnsweredInTimeAnyMore() async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings(latency: .fixed(.milliseconds(300)))
            try await withGateway(settings) { gateway in
                let port = try freePort()
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--concurrency", "2"],
                    own: ["dispatch": ["--metrics-port", "\(port)"]])
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(64).map { Message($0) })
                    try await run.waitForResults(64)
                    // A deadline is a whole second: some of these are at their turn when too little is left.
                    try run.submit(ids(40).map { Message("late-\($0)", in: 3) })
                    try await run.waitForResults(104)
                    let results = try run.resultByID().filter { $0.key.hasPrefix("late-") }
                    let unsent = results.values.filter { $0.errorMessage?.contains("it was not sent") == true }
                    #expect(!unsent.isEmpty)
                    #expect(unsent.allSatisfy { $0.errorCode == "DEADLINE_EXCEEDED" })
                    // Nothing was begun that could only be broken off.
                    #expect(results.values.allSatisfy { $0.statusCode == 200 || $0.errorCode == "DEADLINE_EXCEEDED" })
                    #expect(gateway.requests().count == 64 + results.values.count { $0.statusCode == 200 })
                    let page = try httpGet("http://127.0.0.1:\(port)/metrics").text
                    let queue = RedisSortedSetRun.queue
                    #expect(page.contains("async_processor_unsent_total{queue=\"\(queue)\"} \(unsent.count)\n"))
                }
            }
            redis.kill()
        }

        /// Of the one that is not there nothing waits and nothing is under way any more.
        @Test(.timeLimit(.minutes(1)))
        func aModelHasAllSlotsThoughAnotherWasAskedForOnce() async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings(
                latency: .fixed(.milliseconds(500)), models: ["m"], servesOtherModels: false)
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--concurrency", "8", "--slack", "off"])
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try await run.warmUp()
                    try run.submit([Message("odd", payload: #"{"model":"none","prompt":"x"}"#)])
                    try await run.waitForResults(1)
                    try run.submit(ids(120).map { Message($0) })
                    try await eventually("all eight slots are used") {
                        let page = try httpGet(gateway.url + "/metrics").text
                        return page.contains(/vllm:num_requests_running\{[^}]*\} 8(\.0)?\n/) ? true : nil
                    }
                    try await run.waitForResults(121)
                }
            }
            redis.kill()
        }

        /// Eight times as many slots as the gateway has places.
        @Test(.timeLimit(.minutes(1)))
        func findsHowManyAGatewayCarriesAndCountsTheTokensOfItsAnswers() async throws {
            let redis = try await RedisServer()
            let port = try freePort()
            let settings = GatewaySettings(
                latency: .fixed(.milliseconds(50)), maxConcurrency: 8, overload: .shed, retryAfter: "1")
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--concurrency", "64", "--slack", "on"],
                    own: ["dispatch": ["--metrics-port", "\(port)"]])
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(600).map { Message($0) })
                    try await run.waitForResults(600)
                    try run.expectOneResultEach(ids(600))
                    #expect(gateway.requests().count <= 660)
                    // First it is the gateway's, then the one of its model.
                    let names = [gateway.url, gateway.url + " m"].map {
                        "async_processor_pool_samples_total{pool=\"\($0)\",source=\"usage\"} "
                    }
                    try await eventually("all answers have told their size") {
                        let lines = try httpGet("http://127.0.0.1:\(port)/metrics").text.split(separator: "\n")
                        let counts = names.map { name in
                            lines.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) } ?? 0
                        }
                        return counts[1] > 500 && counts[0] > 0 && counts[0] + counts[1] == 600 ? true : nil
                    }
                    #expect(try httpGet("http://127.0.0.1:\(port)/status").text.contains("\"pools\""))
                }
            }
            redis.kill()
        }

        /// The gateway wants nothing for longer than a request can wait.
        @Test(.timeLimit(.minutes(1)))
        func whatWaitsForAClosedPoolEndsAtItsDeadline() async throws {
            let redis = try await RedisServer()
            let settings = GatewaySettings(faults: FaultShares(shed: 1), retryAfter: "60")
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions), flags: quickRetries)
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(8).map { Message($0) })
                    try await eventually("the pool is closed", within: .seconds(20)) {
                        let log = try await pipeline["dispatch"].logText()
                        return log.contains("A gateway wants no requests for a while") ? true : nil
                    }
                    try run.submit([Message("short", in: 3)])
                    try await run.waitForResults(1, within: .seconds(10))
                    let result = try #require(try run.resultByID()["short"])
                    #expect(result.errorCode == "DEADLINE_EXCEEDED")
                    #expect(result.errorMessage?.contains(gateway.url) == true)
                    #expect(gateway.requests().count == 8)
                }
            }
            redis.kill()
        }

        @Test(
            .timeLimit(.minutes(1)),
            arguments: [
                (#"[{"id": "http://", "workers": 4}]"#, "the address of a gateway"),
                (#"[{"id": "http://a", "workers": 4}, {"id": "http://a:80", "workers": 4}]"#, "each once"),
                (#"[{"id": "http://a", "workers": 4, "gate_type": "no-such"}]"#, "no-such"),
                (
                    """
                    [{"id": "http://a", "workers": 4, "gate_type": "redis-quota",
                      "gate_params": {"address": "a:1", "limit": 3}}]
                    """, "judges each request"
                ),
            ])
        func refusesPoolsThatWouldHaveNoEffect(text: String, reason: String) async throws {
            let file = try poolFile(text)
            try await withProcess("dispatch", ["--metrics-port", "0", "--pool-config-file", file.path]) { process in
                let status = try await process.exitStatus(within: .seconds(20))
                #expect(status == 64)
                #expect(await process.logText().contains(reason))
            }
            try FileManager.default.removeItem(at: file.deletingLastPathComponent())
        }
    }
}
