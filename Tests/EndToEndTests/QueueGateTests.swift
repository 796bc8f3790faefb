import Foundation
import GatewaySimulator
import Processes
import Redis
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// Gates of queues, with real stages.
    struct QueueGateTests {
        private func withGate(
            _ gate: String, settings: GatewaySettings, flags: [String] = [], own: [String: [String]] = [:],
            _ body: (RedisSortedSetRun, _ ingestPort: Int) async throws -> Void
        ) async throws {
            let redis = try await RedisServer()
            try await withGateway(settings) { gateway in
                let file = try temporaryDirectory().appending(path: "queues.json")
                try """
                {"url": "redis://127.0.0.1:\(redis.port)", "result_queue_name": "\(RedisSortedSetRun.list)", "queues": [
                  {"queue_name": "\(RedisSortedSetRun.queue)", "igw_base_url": "\(gateway.url)",
                   \(gate.replacing("REDIS", with: "127.0.0.1:\(redis.port)"))}]}
                """.write(to: file, atomically: true, encoding: .utf8)
                let port = try freePort()
                let pipeline = try Pipeline(
                    queue: ["--message-queue-impl", "redis-sortedset", "--queues-config-file", file.path],
                    flags: quickRetries + ["--concurrency", "32"] + flags,
                    own: own.merging(["ingest": ["--metrics-port", "\(port)"]]) { $1 })
                try await withPipeline(pipeline) { pipeline in
                    try await body(RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline), port)
                }
                try FileManager.default.removeItem(at: file.deletingLastPathComponent())
            }
            redis.kill()
        }

        /// The gateway refuses a fourth request.
        @Test(.timeLimit(.minutes(1)))
        func aCapOfAQueueHoldsWhateverHasRoomElsewhere() async throws {
            let settings = GatewaySettings(latency: .fixed(.milliseconds(20)), maxConcurrency: 3, overload: .shed)
            let gate = #""gate_type": "local-max-concurrency", "gate_params": {"limit": 3}"#
            try await withGate(gate, settings: settings) { run, _ in
                try run.submit(ids(60).map { Message($0) })
                try await run.waitForResults(60)
                try run.expectOneResultEach(ids(60))
                #expect(run.gateway.requests().count == 60)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func aGateThatIsShutIsNamedAndHoldsItsQueueUntilItOpens() async throws {
            let gate = #""gate_type": "redis", "gate_params": {"address": "REDIS", "budget_key": "budget"}"#
            try await withGate(gate, settings: GatewaySettings(), flags: ["--prometheus-cache-ttl", "0.2"]) {
                run, port in
                try run.redis.run("SET", "budget", "0")
                let status = { try httpGet("http://127.0.0.1:\(port)/status").text }
                try await eventually("the gate is closed") {
                    try status().contains(#""condition" : "closed""#) ? true : nil
                }
                try run.submit(ids(20))
                try await eventually("it is said why nothing moves") {
                    try status().contains("a gate lets nothing through") ? true : nil
                }
                #expect(try status().contains("queue \(RedisSortedSetRun.queue)"))
                #expect(run.gateway.requests().isEmpty)
                try run.redis.run("SET", "budget", "1")
                try await run.waitForResults(20, within: .seconds(10))
                try run.expectOneResultEach(ids(20))
            }
        }

        /// With one attempt each: who waits for a quota has made none.
        @Test(.timeLimit(.minutes(1)))
        func aQuotaSpreadsTheRequestsOfOneUserAndNobodyElses() async throws {
            let arrivals = Arrivals()
            let settings = GatewaySettings { request in
                arrivals.note(request)
                return nil
            }
            let gate = """
                "gate_type": "redis-quota", "gate_params": {"address": "REDIS", "limit": 4, "window": "2s"}
                """
            try await withGate(gate, settings: settings, flags: ["--max-attempts", "1"]) { run, port in
                func message(_ id: String, _ user: String?) -> Message {
                    Message(
                        id, payload: #"{"of":"\#(user ?? "nobody")"}"#,
                        fields: user.map { [#""metadata":{"userid":"\#($0)"}"#] } ?? [])
                }
                let (alice, bob, nobody) = (ids(12), (0..<4).map { "bob-\($0)" }, (0..<30).map { "nobody-\($0)" })
                try run.submit(
                    alice.map { message($0, "alice") } + bob.map { message($0, "bob") }
                        + nobody.map { message($0, nil) })
                try await run.waitForResults(46, within: .seconds(20))
                try run.expectOneResultEach(alice + bob + nobody)
                #expect(try run.resultByID().values.allSatisfy { $0.statusCode == 200 })
                // Twelve in windows of four: the fifth comes two seconds after the first, and so on.
                let times = arrivals.gaps(#"{"of":"alice"}"#).reduce(into: [0.0]) { $0.append(($0.last ?? 0) + $1) }
                #expect(times.count == 12)
                #expect(zip(times, times.dropFirst(4)).allSatisfy { $1 - $0 > 1.8 }, "\(times)")
                let others = arrivals.gaps(#"{"of":"nobody"}"#).reduce(0, +)
                #expect(others < 2, "\(others) s from the first to the last of nobody's")
                let page = try httpGet("http://127.0.0.1:\(port)/metrics").text
                let count = page.firstMatch(of: /gate_decisions_total\{[^}]*reason="quota_exhausted"[^}]*\} ([0-9]+)/)
                #expect(count.flatMap { Int($0.1) }.map { $0 >= 8 } == true)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func aRequestThatDiesOverItsQuotaSaysSo() async throws {
            let gate = """
                "gate_type": "redis-quota", "gate_params": {"address": "REDIS", "limit": 1, "window": "1h"}
                """
            try await withGate(gate, settings: GatewaySettings()) { run, _ in
                let alice = #""metadata":{"userid":"alice"}"#
                try run.submit([Message("1", in: 40, fields: [alice])])
                try await run.waitForResults(1, within: .seconds(15))
                try run.submit([Message("2", in: 3, fields: [alice])])
                try await run.waitForResults(2, within: .seconds(15))
                let results = try run.resultByID().values
                #expect(results.count { $0.statusCode == 200 } == 1)
                let late = try #require(results.first { $0.errorCode == "DEADLINE_EXCEEDED" })
                let words = "deadline exceeded; the gate of its queue: userid alice has its quota of 1 in"
                #expect(late.errorMessage?.hasPrefix(words) == true, "\(late)")
            }
        }

        // MARK: Tokens

        /// An answer whose usage is so much.
        private static func answer(_ prompt: Int, _ completion: Int) -> GatewayAnswer {
            let usage = #"{"prompt_tokens":\#(prompt),"completion_tokens":\#(completion)}"#
            return .response(200, headers: [], body: Array(#"{"choices":[],"usage":\#(usage)}"#.utf8))
        }

        private static func message(_ id: String, _ user: String) -> Message {
            Message(id, payload: #"{"of":"\#(user)"}"#, fields: [#""metadata":{"userid":"\#(user)"}"#])
        }

        private static func used(_ redis: RedisServer, _ key: String) throws -> Double {
            try redis.run("HGET", key, "used").text.flatMap(Double.init) ?? 0
        }

        /// 300 of 100 are used, and 50 drain in a second: the next goes after four.
        ///
        /// With one attempt each: who waits for a quota has made none.
        @Test(.timeLimit(.minutes(1)))
        func whoHasUsedUpItsTokensWaitsAndNobodyElse() async throws {
            let arrivals = Arrivals()
            let settings = GatewaySettings { request in
                arrivals.note(request)
                return Self.answer(100, 200)
            }
            let gate = """
                "gate_type": "redis-quota", "gate_params":
                  {"address": "REDIS", "mode": "tokens", "limit": 100, "window": "2s"}
                """
            let port = try freePort()
            try await withGate(
                gate, settings: settings, flags: ["--max-attempts", "1"], own: ["emit": ["--metrics-port", "\(port)"]]
            ) { run, ingestPort in
                let key = "quota:userid:alice:tokens:100/2s"
                try run.submit([Self.message("alice-0", "alice")])
                try await eventually("it is charged") { try Self.used(run.redis, key) > 200 ? true : nil }
                let others = (0..<10).map { "user-\($0)" }
                try run.submit(
                    (1..<4).map { Self.message("alice-\($0)", "alice") } + others.map { Self.message($0, $0) })
                let begun = ContinuousClock.now
                try await run.waitForResults(11, within: .seconds(10))
                #expect(ContinuousClock.now - begun < .seconds(3), "others do not wait for alice")
                #expect(arrivals.count(#"{"of":"alice"}"#) == 1)
                let ingest = try httpGet("http://127.0.0.1:\(ingestPort)/metrics").text
                let refused = ingest.firstMatch(
                    of: /gate_decisions_total\{[^}]*reason="quota_exhausted"[^}]*\} ([0-9]+)/)
                #expect(refused.flatMap { Int($0.1) }.map { (3..<10).contains($0) } == true, "told when to come again")
                try await run.waitForResults(14, within: .seconds(20))
                try run.expectOneResultEach((0..<4).map { "alice-\($0)" } + others)
                #expect(try run.resultByID().values.allSatisfy { $0.statusCode == 200 })
                let gap = try #require(arrivals.gaps(#"{"of":"alice"}"#).first)
                #expect(gap > 3.9 && gap < 8, "\(gap) s")
                try await eventually("all is charged", within: .seconds(5)) {
                    let page = try httpGet("http://127.0.0.1:\(port)/metrics").text
                    let labels = #"queue="\#(RedisSortedSetRun.queue)",attribute="userid",value="alice""#
                    return page.contains("async_processor_quota_tokens_total{\(labels)} 1200\n") ? true : nil
                }
            }
        }

        /// What a killed emit had not charged is lost, at most what it settled last; nothing is charged twice, and one
        /// that ends in peace loses nothing.
        @Test(.timeLimit(.minutes(1)))
        func aKilledEmitLosesAtMostWhatItHadNotCharged() async throws {
            let settings = GatewaySettings(latency: .fixed(.milliseconds(20))) { _ in Self.answer(4, 6) }
            let gate = """
                "gate_type": "redis-quota", "gate_params":
                  {"address": "REDIS", "mode": "tokens", "limit": 1000000, "window": "8760h"}
                """
            try await withGate(gate, settings: settings) { run, _ in
                let key = "quota:userid:alice:tokens:1000000/31536000s"
                let first = (0..<400).map { "first-\($0)" }
                try run.submit(first.map { Self.message($0, "alice") })
                try await run.waitForResults(400)
                try await run.pipeline["emit"].signal(SIGTERM)
                #expect(try await run.pipeline["emit"].exitStatus(within: .seconds(15)) == 0)
                let before = try Self.used(run.redis, key)
                #expect(before > 3999 && before <= 4000, "\(before)")

                try await run.pipeline["emit"].start()
                let second = (0..<1600).map { "second-\($0)" }
                try run.submit(second.map { Self.message($0, "alice") })
                try await run.waitForResults(1000)
                try await run.pipeline["emit"].signal(SIGKILL)
                let (settled, charged) = (try run.redis.length(RedisSortedSetRun.list), try Self.used(run.redis, key))
                let uncharged = Double(settled) * 10 - charged
                // A batch of settlements, and those whose answer was on its way.
                #expect(uncharged > -1 && uncharged <= 10 * 1024, "\(settled) settled, \(charged) tokens charged")

                try await run.pipeline["emit"].start()
                try await run.waitForResults(2000)
                try run.expectOneResultEach(first + second)
                try await run.pipeline["emit"].signal(SIGTERM)
                #expect(try await run.pipeline["emit"].exitStatus(within: .seconds(15)) == 0)
                let late = try Self.used(run.redis, key) - charged
                #expect(late > Double(2000 - settled) * 10 - 1, "\(late) for \(2000 - settled)")
                #expect(late <= Double(2000 - settled) * 10, "\(late) for \(2000 - settled)")
            }
        }
    }
}
