import Foundation
import GatewaySimulator
import Messages
import Processes
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// Real executables over Redis sorted sets: what producers put in and what consumers find.
    struct RedisSortedSetPipelineTests {
        @Test(.timeLimit(.minutes(2)))
        func sendsEachMessageWhereItsQueueAndItselfSay() async throws {
            try await withSortedSetRun(
                script: Self.echo, leaving: ["results", "chat-results", "asked-results"], queue: twoQueues
            ) { run in
                try run.submit(
                    [
                        Message("flat"), Message("tagged", fields: [#""headers":{"x-a":"1"}"#], routing: []),
                        Message(
                            "own headers",
                            fields: [#""headers":{"Content-Type":"text/x","X-Gateway-Inference-Objective":"mine"}"#]),
                        Message("queue wins", routing: [#""result_queue_name":"asked-results""#]),
                    ], to: "chat")
                try run.submit(
                    [
                        Message("plain", fields: [#""endpoint":"""#]),
                        Message("endpoint", fields: [#""endpoint":"/v1/chat/completions""#]),
                        Message("query", fields: [#""endpoint":"/v1/x?y=1""#]),
                        Message("message asks", routing: [#""result_queue_name":"asked-results""#]),
                    ], to: "plain")
                // In the year 745,789.
                try run.redis.submit(
                    [(23_472_348_233_323, request("far", deadline: #""23472348233323""#))], to: "plain")
                try await run.waitForResults(4, in: "chat-results")
                try await run.waitForResults(4, in: "results")
                try await run.waitForResults(1, in: "asked-results")
                try run.expectOneResultEach(["flat", "tagged", "own headers", "queue wins"], in: "chat-results")
                try run.expectOneResultEach(["plain", "endpoint", "query", "far"], in: "results")
                try run.expectOneResultEach(["message asks"], in: "asked-results")
                try expectHeadersAndPaths(run)
                for list in ["results", "chat-results", "asked-results"] {
                    for result in try run.redis.results(list) {
                        #expect(result.statusCode == 200)
                        #expect(result.payload == oddPayload(result.id))
                        #expect(result.errorCode == nil && result.error == nil)
                    }
                }
            }
        }

        private func expectHeadersAndPaths(_ run: RedisSortedSetRun) throws {
            var seen: [String: GatewayRequest] = [:]
            for request in run.gateway.requests() { seen[request.text] = request }
            #expect(run.gateway.requests().count == 9)
            func request(_ id: String) throws -> GatewayRequest { try #require(seen[oddPayload(id)], "\(id)") }
            for (id, path, type, objective, more) in [
                ("flat", "/base/v1/x", "application/json", "obj", nil),
                ("tagged", "/base/v1/x", "application/json", "obj", "1"),
                ("own headers", "/base/v1/x", "text/x", "mine", nil),
                ("plain", "/v1/completions", "application/json", nil, nil),
                ("endpoint", "/v1/chat/completions", "application/json", nil, nil),
                ("query", "/v1/x?y=1", "application/json", nil, nil),
            ] as [(String, String, String, String?, String?)] {
                let request = try request(id)
                #expect(request.path == path)
                #expect(request.header("Content-Type") == type)
                #expect(request.header("x-gateway-inference-objective") == objective)
                #expect(request.header("x-a") == more)
                let names = request.headers.map { $0.name.lowercased() }
                #expect(Set(names).count == names.count, "\(names)")
            }
        }

        /// A queue with everything of its own, and one with nothing but a gateway.
        private func twoQueues(_ redis: RedisServer, _ gateway: GatewaySimulator) throws -> [String] {
            let file = URL(filePath: redis.folder).appending(path: "queues.json")
            try Data(
                """
                {"url":"redis://127.0.0.1:\(redis.port)","result_queue_name":"results","queues":[
                 {"id":"c","queue_name":"chat","igw_base_url":"\(gateway.url)/base/","request_path_url":"v1/x",
                  "inference_objective":"obj","result_queue_name":"chat-results"},
                 {"queue_name":"plain","igw_base_url":"\(gateway.url)"}]}
                """.utf8
            ).write(to: file)
            return ["--message-queue-impl", "redis-sortedset", "--queues-config-file", file.path]
        }

        /// Answers with the body it got.
        private static let echo: @Sendable (GatewayRequest) -> GatewayAnswer? = {
            .response(200, headers: [], body: $0.body)
        }

        @Test(.timeLimit(.minutes(1)))
        func startsByDeadlineAndListsResultsInTheOrderOfCompletion() async throws {
            try await withSortedSetRun(flags: ["--concurrency", "1"]) { run in
                await run.gateway.hold()
                try run.submit(["first"])
                try await eventually("the only slot is taken") { run.gateway.requests().isEmpty ? nil : true }
                try run.submit([Message("300", in: 300), Message("100", in: 100), Message("200", in: 200)])
                await run.gateway.release()
                try await run.waitForResults(4)
                #expect(try run.redis.results(RedisSortedSetRun.list).map(\.id) == ["first", "100", "200", "300"])
                let five = ids(5).map { Message($0, routing: []) }
                try run.submit(five)
                try await run.waitForResults(9)
                try run.expectOneResultEach(["first", "100", "200", "300"] + five.map(\.id))
                let sent = run.gateway.requests().map(\.text)
                #expect(sent == (try run.redis.results(RedisSortedSetRun.list).map { oddPayload($0.id) }))
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func replicasShareRequestsAndDueRetriesAndStartEachOnce() async throws {
            let (waiting, due) = (ids(1000), ids(500, "due"))
            try await withSortedSetRun(
                latency: .fixed(.milliseconds(10)), dispatches: 2, ingests: 2, emits: 2,
                flags: ["--concurrency", "32"]
            ) { run in
                try run.redis.submit(due.map { (1, request($0)) }, to: RedisSortedSetRun.retrySet)
                try run.submit(waiting)
                let start = ContinuousClock.now
                try await run.waitForResults(1500)
                // A program that polls for ten each second would need two and a half minutes.
                #expect(ContinuousClock.now - start < .seconds(15))
                try run.expectOneResultEach(waiting + due)
                #expect(run.gateway.requests().count == 1500)
                #expect(run.gateway.attemptsPerBody().count == 1500)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func keepsThePaceOfAQueueWhileTheGatewayOfAnotherIsSilent() async throws {
            let (slow, quick) = (ids(100, "s"), ids(100, "q"))
            try await withGateway { other in
                await other.hold()
                try await withSortedSetRun(
                    flags: ["--concurrency", "16"],
                    queue: { redis, gateway in
                        RedisSortedSetRun.flags(redis, gateway: gateway.completions) + [
                            "--redis.request-queue-name", "quick", "--redis.request-queue-name.2", "slow",
                            "--redis.inference-gateway.2", other.completions, "--redis.inference-objective.2", "later",
                        ]
                    }
                ) { run in
                    async let slowly: Void = run.submit(slow, to: "slow")
                    async let quickly: Void = run.submit(quick, to: "quick")
                    _ = try await (slowly, quickly)
                    try await run.waitForResults(100, within: .seconds(15))
                    try run.expectOneResultEach(quick)
                    await other.release()
                    try await run.waitForResults(200)
                    try run.expectOneResultEach(slow + quick)
                    #expect(other.requests().count == 100 && run.gateway.requests().count == 100)
                    #expect(other.requests().allSatisfy { $0.header("x-gateway-inference-objective") == "later" })
                }
            }
        }

        /// Two deployments with default names share the set of parked retries.
        @Test(.timeLimit(.minutes(1)))
        func sharesTheRetrySetWithADeploymentOnChannels() async throws {
            let (channel, set) = (ids(50, "c"), ids(50, "s"))
            let failing: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.attempt == 1 ? .refusal(503, retryAfter: nil) : nil
            }
            let retries = ["--backoff-base", "0.3", "--backoff-max", "0.6"]
            try await withSortedSetRun(script: failing, flags: retries) { run in
                try await withGateway(GatewaySettings(script: failing)) { gateway in
                    let address = ["--redis.addr", "127.0.0.1:\(run.redis.port)"]
                    let channels = try Pipeline(
                        queue: address + ["--redis.inference-gateway", gateway.completions], flags: retries)
                    try await withPipeline(channels) { pipeline in
                        let cli = try RedisCLI(port: run.redis.port)
                        let other = RedisRun(redis: run.redis, cli: cli, gateway: gateway, pipeline: pipeline)
                        let results = try await other.collect()
                        try await other.publish(channel)
                        try run.submit(set)
                        try await run.waitForResults(50)
                        try await eventually("results on the channel") { results.count >= 50 ? true : nil }
                        try run.expectOneResultEach(set)
                        #expect(results.perID() == Dictionary(uniqueKeysWithValues: channel.map { ($0, 1) }))
                        #expect(gateway.attemptsPerBody().count == 50 && gateway.requests().count == 100)
                        #expect(run.gateway.attemptsPerBody().count == 50 && run.gateway.requests().count == 100)
                        results.end()
                        try forgetSightings(run.redis)
                    }
                }
            }
        }

        /// What a reader of channels has seen it remembers for a while, beside the retry set.
        private func forgetSightings(_ redis: RedisServer) throws {
            for key in try redis.keys() where key.hasPrefix(RedisSortedSetRun.retrySet + ":heard:") {
                #expect(try redis.run("PTTL", key).integer ?? -1 > 0, "\(key)")
                try redis.run("DEL", key)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func logsInWithThePasswordOfTheURL() async throws {
            let redis = try await RedisServer(password: "secret")
            try await withGateway { gateway in
                let queue = RedisSortedSetRun.flags(
                    url: "redis://default:secret@127.0.0.1:\(redis.port)", gateway: gateway.completions)
                try await withPipeline(Pipeline(queue: queue)) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(["a"])
                    try await run.waitForResults(1)
                    try await redis.expectNothingLeft(but: [RedisSortedSetRun.list])
                    #expect(await !pipeline.logs().contains("secret"))
                }
            }
        }

        @Test(.timeLimit(.minutes(1)), arguments: ["ingest", "emit"])
        func isNotReadyWithAWrongPasswordUntilTheServerTakesIt(stage: String) async throws {
            let redis = try await RedisServer(password: "right")
            let port = try freePort()
            let flags = RedisSortedSetRun.flags(
                url: "redis://:wrong@127.0.0.1:\(redis.port)", gateway: "http://localhost")
            let links = stage == "ingest" ? ["--acks", "tcp://127.0.0.1:*"] : ["--listen", "tcp://127.0.0.1:*"]
            try await withProcess(stage, flags + links + ["--metrics-port", "\(port)"]) { process in
                try await eventually("it says why it waits") {
                    await process.logText().contains("WRONGPASS") ? true : nil
                }
                #expect(try httpGet("http://127.0.0.1:\(port)/readyz").status == 503)
                #expect(try httpGet("http://127.0.0.1:\(port)/readyz").text.contains("WRONGPASS"))
                #expect(try httpGet("http://127.0.0.1:\(port)/healthz").status == 200)
                try redis.run("CONFIG", "SET", "requirepass", "wrong")
                try await eventually("it is let in") {
                    await process.logText().contains("The queue answers") ? true : nil
                }
                #expect(await !process.logText().contains(":wrong@"))
            }
        }
    }
}

/// What an address answers, by curl; status 0 if nothing does.
func httpGet(_ url: String) throws -> (status: Int, text: String) {
    let output = try capture("/usr/bin/curl", ["-s", "-m", "5", "-w", "\n%{http_code}", url])
    let parts = output.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(parts.last ?? "") ?? 0, parts.dropLast().joined(separator: "\n"))
}
