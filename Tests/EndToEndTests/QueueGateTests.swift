import Foundation
import GatewaySimulator
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// Gates of queues, with real stages.
    struct QueueGateTests {
        private func withGate(
            _ gate: String, settings: GatewaySettings, flags: [String] = [],
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
                    own: ["ingest": ["--metrics-port", "\(port)"]])
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
    }
}
