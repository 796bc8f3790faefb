import Foundation
import GatewaySimulator
import Messages
import Processes
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// Every request that has not ended is in exactly one gauge, with real stages.
    struct HeldRequestsTests {
        private static let stages = ["ingest", "dispatch", "retry", "emit"]

        /// The pages of four stages.
        private struct Pages {
            let ports: [String: Int]

            init() throws { ports = try Dictionary(uniqueKeysWithValues: stages.map { ($0, try freePort()) }) }

            var flags: [String: [String]] { ports.mapValues { ["--metrics-port", "\($0)"] } }

            /// Requests by place, over all stages that answer.
            func held() throws -> [String: Int] {
                var places: [String: Int] = [:]
                for line in lines(of: "async_processor_held_requests") where line.value > 0 {
                    let place = try #require(line.labels.firstMatch(of: /place="([a-z]+)"/)).1
                    places[String(place), default: 0] += line.value
                }
                return places
            }

            /// Over all stages that answer.
            func sum(of name: String) -> Int { lines(of: name).reduce(0) { $0 + $1.value } }

            private func lines(of name: String) -> [(labels: Substring, value: Int)] {
                ports.values.flatMap { port -> [(labels: Substring, value: Int)] in
                    let page = try? httpGet("http://127.0.0.1:\(port)/metrics").text
                    return (page ?? "").split(separator: "\n").filter { $0.hasPrefix("\(name){") }.map { line in
                        (line, Int(line.split(separator: " ").last ?? "") ?? 0)
                    }
                }
            }

            /// Waits until requests are in these places.
            func wait(_ what: String, until isSo: ([String: Int]) -> Bool) async throws {
                try await eventually(try "\(what): there are \(held())", within: .seconds(30)) {
                    try isSo(held()) ? true : nil
                }
            }
        }

        /// - Parameter gateway: where requests go; `nil`: to one that answers as `script` says.
        private func withStages(
            flags: [String], script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil, gateway url: String? = nil,
            _ body: (RedisSortedSetRun, Pages) async throws -> Void
        ) async throws {
            let redis = try await RedisServer()
            let pages = try Pages()
            try await withGateway(GatewaySettings(script: script)) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: url ?? gateway.completions), flags: flags,
                    own: pages.flags)
                try await withPipeline(pipeline) { pipeline in
                    try await body(RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline), pages)
                }
            }
            redis.kill()
        }

        /// Eight slots, and a gateway that keeps its first eight requests for a while.
        @Test(.timeLimit(.minutes(2)))
        func aBusyGatewayAndWhatWaitsForIt() async throws {
            let started = Mutex(0)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { _ in
                started.withLock {
                    $0 += 1
                    return $0 <= 8 ? .after(.seconds(15), .normal) : nil
                }
            }
            try await withStages(flags: quickRetries + ["--concurrency", "8"], script: script) { run, pages in
                try run.submit(ids(200))
                try await pages.wait("200 wait for eight slots") {
                    Set($0.keys) == ["gateway", "slot", "queue"] && $0.values.reduce(0, +) == 200
                }
                let held = try pages.held()
                #expect(held["gateway"] == 8)
                #expect(pages.sum(of: "llm_d_async_async_inflight_requests") == 8)
                #expect(pages.sum(of: "llm_d_async_async_queue_depth") == held["slot"])
                #expect(pages.sum(of: "llm_d_async_async_dispatched_requests_total") == 8)
                try await run.waitForResults(200)
                try await pages.wait("nothing is held") { $0.isEmpty }
                #expect(pages.sum(of: "llm_d_async_async_queue_depth") == 0)
                #expect(pages.sum(of: "llm_d_async_async_dispatched_requests_total") == 200)
            }
        }

        /// All attempts fail, and are tried again in minutes.
        @Test(.timeLimit(.minutes(2)))
        func whatWaitsForItsNextAttempt() async throws {
            let flags = ["--backoff-base", "120", "--backoff-max", "120"]
            try await withStages(flags: flags, script: { _ in .refusal(500, retryAfter: nil) }) { run, pages in
                try run.submit(ids(30))
                try await pages.wait("30 are parked") { $0 == ["parked": 30] }
            }
        }

        /// The gateway cannot be reached: dispatch holds as many as it has slots, the others are not leased.
        @Test(.timeLimit(.minutes(2)))
        func whatIsHeldWhileTheGatewayIsAway() async throws {
            let away = "http://127.0.0.1:\(try freePort())/v1/completions"
            try await withStages(flags: ["--concurrency", "4"], gateway: away) { run, pages in
                try run.submit(ids(50))
                try await pages.wait("50 wait, some of them in dispatch") {
                    $0["held"] != nil && $0["queue"] != nil && $0.values.reduce(0, +) == 50
                }
            }
        }

        /// A gateway that has named a time until which it wants nothing.
        @Test(.timeLimit(.minutes(2)))
        func whatWaitsForAPoolThatIsClosed() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { _ in .refusal(429, retryAfter: "60") }
            try await withStages(flags: ["--concurrency", "2"], script: script) { run, pages in
                try run.submit(ids(60))
                try await pages.wait("60 wait, some of them in dispatch, some parked") {
                    $0["held"] != nil && $0["parked"] != nil && $0["gateway"] == nil && $0.values.reduce(0, +) == 60
                }
            }
        }

        /// Emit is gone: answers wait in dispatch, until there is another.
        @Test(.timeLimit(.minutes(2)))
        func answersThatNobodySettles() async throws {
            try await withStages(flags: quickRetries) { run, pages in
                try await run.warmUp()
                try await pages.wait("the request that warmed up is settled") { $0.isEmpty }
                try await run.pipeline["emit"].signal(SIGKILL)
                try run.submit(ids(20))
                try await pages.wait("20 are answered") { $0 == ["outcome": 20] }
                try await run.pipeline["emit"].start()
                try await run.waitForResults(20)
                try await pages.wait("nothing is held") { $0.isEmpty }
            }
        }
    }
}
