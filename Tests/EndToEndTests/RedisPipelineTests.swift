import Foundation
import GatewaySimulator
import Processes
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// Real executables over Redis channels.
    struct RedisPipelineTests {
        @Test(.timeLimit(.minutes(2)))
        func answersTheUserGuidesTestWordForWordWithNothingButAddresses() async throws {
            try await withRedisRun { run in
                let subscriber = try run.cli.start("SUBSCRIBE", "result-queue")
                try await eventually("a subscriber of the results") {
                    try await run.subscribers("result-queue") == 1 ? true : nil
                }
                let receivers = try run.cli.run(
                    "PUBLISH", "request-queue",
                    #"{"id" : "testmsg", "payload":{ "model":"food-review-1", "prompt":"Hi, good morning "}, "#
                        + #""deadline" :"23472348233323" }"#)
                #expect(receivers == "1")
                try await eventually("the result") { try subscriber.output().contains("testmsg") ? true : nil }
                #expect(try subscriber.output().contains(#""status_code":200"#))
                #expect(
                    run.gateway.requests().map(\.text) == [#"{ "model":"food-review-1", "prompt":"Hi, good morning "}"#]
                )
                subscriber.end()
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func answersEachRequestOnceAndKeepsItsBytesWhileTheGatewayShedsFailsAndCuts() async throws {
            let all = ids(2000)
            try await withRedisRun(script: Faults.some, dispatches: 2) { run in
                let results = try await run.collect()
                try await run.publish(all)
                try await eventually("2000 results") { results.count >= all.count ? true : nil }
                #expect(results.perID().values.allSatisfy { $0 == 1 })
                #expect(Set(results.perID().keys) == Set(all))
                #expect(Set(run.gateway.requests().map(\.text)) == Set(all.map { oddPayload($0) }))
                results.end()
            }
        }

        @Test(.timeLimit(.minutes(3)), arguments: ["dispatch", "retry", "emit"])
        func losesNothingWhenAStageIsKilled(stage: String) async throws {
            let all = ids(1000)
            try await withRedisRun(script: Faults.some, latency: .fixed(.milliseconds(10))) { run in
                let results = try await run.collect()
                try await run.publish(all)
                try await eventually("the first results") { results.count >= 100 ? true : nil }
                try await run.pipeline[stage].signal(SIGKILL)
                try await run.pipeline[stage].start()
                let before = results.count
                try await eventually("a new result after the restart of \(stage)", within: .seconds(5)) {
                    results.count > before ? true : nil
                }
                try await eventually("all results") { results.perID().count >= all.count ? true : nil }
                #expect(Set(results.perID().keys) == Set(all))
                results.end()
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func waitsForAServerThatIsAwayAndForOneThatGoesAway() async throws {
            try await withRedisRun { run in
                run.redis.kill()
                try await run.redis.start()
                let results = try await run.collect()
                try await eventually("ingest subscribes again") {
                    try await run.subscribers("request-queue") == 1 ? true : nil
                }
                try await run.publish(["after"])
                try await eventually("a result after the outage") { results.count == 1 ? true : nil }
                results.end()
            }
        }
    }
}

/// One run over Redis channels.
struct RedisRun: Sendable {
    let redis: RedisServer
    let cli: RedisCLI
    let gateway: GatewaySimulator
    let pipeline: Pipeline

    func subscribers(_ channel: String) async throws -> Int {
        try cli.run("PUBSUB", "NUMSUB", channel).split(separator: "\n").last.flatMap { Int($0) } ?? 0
    }

    /// Starts to collect results; returns when the subscription stands.
    func collect() async throws -> ResultCollector {
        let collector = try ResultCollector(cli.start("SUBSCRIBE", "result-queue"))
        try await eventually("a subscriber of the results") { try await subscribers("result-queue") >= 1 ? true : nil }
        try await eventually("a subscriber of the requests") {
            try await subscribers("request-queue") >= 1 ? true : nil
        }
        return collector
    }

    func publish(_ ids: [String]) async throws {
        let connection = try RedisConnection(redis.url)
        _ = try connection.send(ids.map { RedisCommand("PUBLISH", "request-queue", request($0)) })
    }
}

/// Results that came over the channel.
struct ResultCollector: Sendable {
    private let subscriber: RedisCLI.Running

    init(_ subscriber: RedisCLI.Running) { self.subscriber = subscriber }

    func end() { subscriber.end() }

    /// Ids of all results so far, with their number.
    func perID() -> [String: Int] {
        ((try? subscriber.output()) ?? "").split(separator: "\n").reduce(into: [:]) { counts, line in
            guard line.hasPrefix(#"{"id":""#), let end = line.dropFirst(7).firstIndex(of: "\"") else { return }
            counts[String(line.dropFirst(7)[..<end]), default: 0] += 1
        }
    }

    var count: Int { perID().values.reduce(0, +) }
}

func withRedisRun(
    script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil, latency: Latency = .fixed(.zero),
    dispatches: Int = 1, flags: [String] = [], _ body: (RedisRun) async throws -> Void
) async throws {
    let redis = try await RedisServer()
    let cli = try RedisCLI(port: redis.port)
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        let pipeline = try Pipeline(
            queue: ["--redis.addr", "127.0.0.1:\(redis.port)", "--redis.inference-gateway", gateway.completions],
            dispatches: dispatches, flags: quickRetries + flags)
        try await withPipeline(pipeline) { pipeline in
            let run = RedisRun(redis: redis, cli: cli, gateway: gateway, pipeline: pipeline)
            try await eventually("ingest subscribes") {
                try await run.subscribers("request-queue") >= 1 ? true : nil
            }
            try await body(run)
        }
    }
    redis.kill()
}
