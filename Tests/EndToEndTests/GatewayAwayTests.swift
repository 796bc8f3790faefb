import Foundation
import GatewaySimulator
import Messages
import Processes
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// A gateway that is not there, or not right: it is named, not hammered, and soon made up for when it is back.
    struct GatewayAwayTests {
        /// The stages over a new embedded queue with requests; the gateway is the caller's.
        private func withStages(
            _ requests: [String], gateway: String, flags: [String] = [],
            _ body: (SQLiteClient, Pipeline, Ports) async throws -> Void
        ) async throws {
            let folder = try temporaryDirectory()
            let queue = try SQLiteClient(path: folder.appending(path: "queue.db").path)
            try queue.insert(requests)
            let ports = Ports(ingest: try freePort(), dispatch: try freePort())
            let pipeline = try Pipeline(
                queue: queue.flags(gateway: gateway), flags: flags,
                own: [
                    "ingest": ["--metrics-port", "\(ports.ingest)"],
                    "dispatch": ["--metrics-port", "\(ports.dispatch)"],
                ])
            try await withPipeline(pipeline) { try await body(queue, $0, ports) }
            try FileManager.default.removeItem(at: folder)
        }

        private struct Ports {
            let ingest: Int
            let dispatch: Int

            func get(_ port: Int, _ path: String) throws -> String {
                try capture("/usr/bin/curl", ["-s", "http://127.0.0.1:\(port)/\(path)"])
            }

            /// Attempts so far, whatever came of them.
            func attempts() throws -> Int {
                try get(dispatch, "metrics").split(separator: "\n")
                    .filter { $0.hasPrefix("async_processor_attempts_total{") }
                    .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
            }
        }

        private func expectAllAnswered(_ queue: SQLiteClient, _ count: Int, within limit: Duration) async throws {
            try await eventually(try "\(count) results, there are \(queue.resultCount())", within: limit) {
                try queue.resultCount() == count ? true : nil
            }
            #expect(try queue.results().allSatisfy { $0.body.contains(#""status_code":200"#) })
        }

        @Test(.timeLimit(.minutes(2)))
        func whatIsNotThereIsNamedEverywhereAndMadeUpForWithinFiveSeconds() async throws {
            let all = ids(300)
            let port = UInt16(try freePort())
            let gateway = "http://127.0.0.1:\(port)"
            try await withStages(all.map { request($0) }, gateway: "\(gateway)/v1/completions") {
                queue, pipeline, ports in
                for port in [ports.dispatch, ports.ingest] {
                    for path in ["status", "readyz"] {
                        try await eventually("\(path) names the gateway", within: .seconds(15)) {
                            let text = try ports.get(port, path)
                            return text.contains(gateway) && text.contains("refuses connections") ? true : nil
                        }
                    }
                }
                let log = try await pipeline["dispatch"].logText()
                #expect(log.components(separatedBy: "A gateway cannot be reached").count == 2)
                #expect(try ports.get(ports.ingest, "readyz").contains(#""status":"ready""#))
                #expect(try ports.get(ports.ingest, "status").contains("the gateway is away"))
                #expect(try ports.get(ports.dispatch, "metrics").contains(#"gateway_up{origin="\#(gateway)"} 0"#))
                // From here on it is asked now and then: some twenty times a minute.
                let before = try ports.attempts()
                try await Task.sleep(for: .seconds(6))
                #expect(try ports.attempts() - before <= 6)
                #expect(try queue.resultCount() == 0)
                let simulator = try await GatewaySimulator.start(port: port)
                // Five seconds on a machine that has nothing else to do.
                try await expectAllAnswered(queue, all.count, within: .seconds(10))
                try await eventually("that is said, too", within: .seconds(10)) {
                    try await pipeline["dispatch"].logText().contains("A gateway answers") ? true : nil
                }
                #expect(try ports.get(ports.dispatch, "metrics").contains(#"gateway_up{origin="\#(gateway)"} 1"#))
                await simulator.stop()
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func requestsWhoseDeadlinePassesMeanwhileEndThereAndNameTheGateway() async throws {
            let gateway = "http://127.0.0.1:\(try freePort())/v1/completions"
            let deadline = "\(Int(Date.now.timeIntervalSince1970) + 5)"
            let all = ids(60)
            try await withStages(all.map { request($0, deadline: deadline) }, gateway: gateway) { queue, _, _ in
                try await eventually(try "60 results, there are \(queue.resultCount())", within: .seconds(20)) {
                    try queue.resultCount() == all.count ? true : nil
                }
                for result in try queue.results() {
                    #expect(result.body.contains("DEADLINE_EXCEEDED"))
                }
                // Whoever noticed it: ingest, dispatch, or retry after an attempt.
                let bare = try queue.results().filter { !$0.body.contains("Failed to connect") }
                #expect(bare.isEmpty, "\(bare.map(\.body))")
            }
        }

        /// Many at once, and few that are refused often: their back-off does not grow.
        @Test(
            .timeLimit(.minutes(2)),
            arguments: [(600, Duration.seconds(4), Duration.seconds(12)), (20, .seconds(15), .seconds(7))])
        func aTokenThatIsReplacedLateCostsNoRequest(count: Int, late: Duration, limit: Duration) async throws {
            let folder = try temporaryDirectory()
            let token = folder.appending(path: "token").path
            try "old".write(toFile: token, atomically: true, encoding: .utf8)
            let all = ids(count)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { request in
                request.headers.contains { $0.isNamed("authorization") && $0.value == "Bearer new" }
                    ? nil : .response(401, headers: [], body: Array("{}".utf8))
            }
            try await withGateway(GatewaySettings(script: script)) { gateway in
                let flags = ["--gateway-token-file", token]
                try await withStages(
                    all.map { request($0) }, gateway: gateway.completions, flags: flags
                ) { queue, pipeline, ports in
                    try await eventually("the cause is named", within: .seconds(15)) {
                        try ports.get(ports.ingest, "status").contains("--gateway-token-file") ? true : nil
                    }
                    try await Task.sleep(for: late)
                    // Sixteen a second; without spacing all of them would have been there.
                    #expect(gateway.requests().count < 400)
                    #expect(try queue.resultCount() == 0)
                    try "new".write(toFile: token, atomically: true, encoding: .utf8)
                    // Those that were refused wait for their back-off's first delay: two to four seconds.
                    try await expectAllAnswered(queue, all.count, within: limit)
                    #expect(try await pipeline["dispatch"].logText().contains("A gateway refuses the credentials"))
                }
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test(.timeLimit(.minutes(2)))
        func refusedCredentialsAreAResultWhereThatIsAskedFor() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { _ in
                .response(401, headers: [], body: Array("{}".utf8))
            }
            try await withRun(ids(20), script: script, flags: ["--auth-failures", "final"]) { run in
                try await run.waitForResults(20)
                #expect(try run.queue.results().allSatisfy { $0.body.contains(#""status_code":401"#) })
                #expect(run.gateway.requests().count == 20)
            }
        }

        /// From one of two dispatches the gateway cannot be reached: what it holds goes to the other.
        @Test(.timeLimit(.minutes(2)))
        func whatOneDispatchCannotSendAnotherDoes() async throws {
            let all = ids(200)
            let away = "http://127.0.0.1:\(try freePort())"
            try await withRun(
                all, latency: .fixed(.milliseconds(20)), dispatches: 2,
                own: ["dispatch": ["--gateway-proxy", away, "--log-level", "debug"]]
            ) { run in
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
                #expect(try run.queue.results().allSatisfy { $0.body.contains(#""status_code":200"#) })
                let log = try await run.pipeline["dispatch"].logText()
                #expect(log.contains("A gateway cannot be reached") && log.contains("class=unanswered"))
            }
        }

        /// Requests of one queue whose connections the gateway ends do not keep another queue's from their turn.
        @Test(.timeLimit(.minutes(2)))
        func oneQueuesBadRequestsKeepNoOtherQueueFromTrying() async throws {
            let redis = try await RedisServer()
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text.contains("good") ? nil : .cutBeforeAnswer
            }
            try await withGateway(GatewaySettings(script: script)) { gateway in
                let flags =
                    RedisSortedSetRun.flags(redis, gateway: gateway.completions) + [
                        "--redis.request-queue-name.1", "one", "--redis.result-queue-name.1", "one-results",
                        "--redis.request-queue-name.2", "two", "--redis.result-queue-name.2", "two-results",
                    ]
                try redis.submit(ids(100).map { Message($0) }, to: "one")
                try await withPipeline(try Pipeline(queue: flags)) { pipeline in
                    try await eventually("the gateway is held", within: .seconds(15)) {
                        try await pipeline["dispatch"].logText().contains("ends connections") ? true : nil
                    }
                    try redis.submit([Message("good")], to: "two")
                    // Few of the others are asked for while the gateway is held, and one tries each second.
                    try await eventually("the other queue has its result", within: .seconds(5)) {
                        try redis.length("two-results") == 1 ? true : nil
                    }
                }
            }
            redis.stop()
        }

        @Test(.timeLimit(.minutes(2)))
        func anIngestThatDrainsGetsBackAtOnceWhatWaits() async throws {
            let gateway = "http://127.0.0.1:\(try freePort())/v1/completions"
            try await withStages(ids(60).map { request($0) }, gateway: gateway) { queue, pipeline, ports in
                try await eventually("requests are held", within: .seconds(15)) {
                    try ports.get(ports.dispatch, "status").contains(#""held" : 8"#) ? true : nil
                }
                try await pipeline["ingest"].signal(SIGTERM)
                // Kept until the gateway is back, or ten seconds, they would be here still.
                #expect(try await pipeline["ingest"].exitStatus(within: .seconds(8)) == 0)
                #expect(try queue.openRequests() == 60)
            }
        }

        /// Two queues on one Redis: the gateway of one is away, the other goes on as if nothing were.
        @Test(.timeLimit(.minutes(2)))
        func aNeighbourWithAGatewayThatIsThereGoesOn() async throws {
            let dead = "http://127.0.0.1:\(try freePort())/v1/completions"
            let redis = try await RedisServer()
            // The good one has all slots while the other's requests wait.
            let slots = Mutex((used: Set<Int>(), most: 0))
            let settings = GatewaySettings(
                latency: .fixed(.milliseconds(20)),
                script: { request in
                    slots.withLock { slots in
                        slots.used.insert(request.number)
                        slots.most = max(slots.most, slots.used.count)
                    }
                    return nil
                },
                observe: { number, _ in slots.withLock { _ = $0.used.remove(number) } })
            try await withGateway(settings) { gateway in
                let flags =
                    RedisSortedSetRun.flags(redis, gateway: gateway.completions) + [
                        "--redis.request-queue-name.1", "good", "--redis.result-queue-name.1", "good-results",
                        "--redis.request-queue-name.2", "bad", "--redis.result-queue-name.2", "bad-results",
                        "--redis.inference-gateway.2", dead,
                    ]
                let pipeline = try Pipeline(queue: flags)
                try redis.submit(ids(500).map { Message($0) }, to: "bad")
                try redis.submit(ids(1000).map { Message($0) }, to: "good")
                try await withPipeline(pipeline) { pipeline in
                    try await eventually(
                        try "1000 good results, there are \(redis.length("good-results"))", within: .seconds(30)
                    ) {
                        try redis.length("good-results") == 1000 ? true : nil
                    }
                    #expect(slots.withLock { $0.most } == 8)
                    #expect(try redis.length("bad-results") == 0)
                    #expect(try await pipeline["dispatch"].logText().contains("A gateway cannot be reached"))
                }
            }
            redis.stop()
        }
    }
}
