import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What probes and people are told of a stage in which nothing moves, and of one that drains.
    struct LivenessTests {
        private func health(_ port: Int) throws -> (status: Int, text: String) {
            try httpGet("http://127.0.0.1:\(port)/healthz")
        }

        /// The window of ingest is one request; dispatch has nothing to say of what is put aside.
        @Test(.timeLimit(.minutes(2)))
        func theSettingThatKeepsRequestsIsNamedAndNoGatewayIsMadeUp() async throws {
            let redis = try await RedisServer()
            let ports = try Dictionary(uniqueKeysWithValues: ["ingest", "dispatch"].map { ($0, try freePort()) })
            func status(_ stage: String) throws -> Status {
                let text = try httpGet("http://127.0.0.1:\(try #require(ports[stage]))/status").text
                return try JSONDecoder().decode(Status.self, from: Data(text.utf8))
            }
            try await withGateway(GatewaySettings(script: { _ in .after(.seconds(90), .normal) })) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--max-in-flight", "1"],
                    own: ports.mapValues { ["--metrics-port", "\($0)"] })
                try await withPipeline(pipeline) { pipeline in
                    try redis.run("ZADD", "request-sortedset", 1, "no request at all")
                    try RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline).submit(ids(4))
                    try await eventually("ingest names its window", within: .seconds(30)) {
                        (try? status("ingest"))?.reasons.first { $0.hasSuffix(" as --max-in-flight allows") }
                    }
                    let gateways = try await eventually("dispatch has a gateway", within: .seconds(30)) {
                        let gateways = (try? status("dispatch"))?.gateways ?? []
                        return gateways.contains { $0.origin.hasPrefix("http://") } ? gateways : nil
                    }
                    #expect(gateways.count == 1, "\(gateways)")
                }
            }
            redis.kill()
        }

        private struct Status: Decodable {
            struct Gateway: Decodable { var origin: String }
            var reasons: [String]
            var gateways: [Gateway]?
        }

        /// The gateway takes requests and keeps them; then it is gone, which is a good reason to wait.
        @Test(.timeLimit(.minutes(2)))
        func aStageInWhichNothingMovesIsNotAliveUnlessItWaits() async throws {
            let redis = try await RedisServer()
            let names = ["ingest", "dispatch", "retry", "emit"]
            let ports = try Dictionary(uniqueKeysWithValues: names.map { ($0, try freePort()) })
            try await withGateway(GatewaySettings(script: { _ in .after(.seconds(90), .normal) })) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--concurrency", "2", "--stuck-after", "3"],
                    own: ports.mapValues { ["--metrics-port", "\($0)"] })
                try await withPipeline(pipeline) { pipeline in
                    let dispatch = try #require(ports["dispatch"])
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(4))
                    let answer = try await eventually("dispatch is not alive", within: .seconds(30)) {
                        let answer = try health(dispatch)
                        return answer.status == 503 ? answer : nil
                    }
                    #expect(answer.text.contains("nothing has moved for"), "\(answer.text)")
                    for name in names where name != "dispatch" {
                        #expect(try health(#require(ports[name])).status == 200, "\(name) waits for dispatch")
                    }
                    try await pipeline["dispatch"].signal(SIGTERM)
                    let ready = try await eventually("dispatch says that it drains", within: .seconds(10)) {
                        let ready = try httpGet("http://127.0.0.1:\(dispatch)/readyz").text
                        return ready.contains("draining: ") ? ready : nil
                    }
                    #expect(ready.contains("requests left, "), "\(ready)")
                    let page = try httpGet("http://127.0.0.1:\(dispatch)/metrics").text
                    #expect(page.contains("async_processor_stuck_seconds "))
                }
            }
            redis.kill()
        }
    }
}
