import Foundation
import Processes
import TestServers
import Testing

/// Four stages over a sorted set, a gateway that can be stopped in its tracks, and a Prometheus with our alerts.
struct ObservedPipeline {
    static let stages = ["ingest", "dispatch", "retry", "emit"]
    static let slots = 8
    fileprivate static let leaseSeconds = 5
    private static let deadLetters = "\(RedisSortedSetRun.queue):dead-letter"

    let redis: RedisServer
    let gateway: StageProcess
    let pipeline: Pipeline
    let prometheus: PrometheusServer
    let start = Date.now
    private(set) var sums = CounterSums()
    private(set) var submitted = 0

    fileprivate init(
        _ redis: RedisServer, _ gateway: StageProcess, _ pipeline: Pipeline, _ prometheus: PrometheusServer
    ) {
        self.redis = redis
        self.gateway = gateway
        self.pipeline = pipeline
        self.prometheus = prometheus
    }

    mutating func submit(_ messages: [(score: Int64, text: String)]) throws {
        submitted += messages.count
        try redis.submit(messages, to: RedisSortedSetRun.queue)
    }

    /// How many requests have a result or are dead letters without one, as Redis tells.
    func ended() throws -> Int {
        try redis.length(RedisSortedSetRun.list) + redis.length(Self.deadLetters)
    }

    // MARK: What Prometheus sees

    /// Waits until an expression is so.
    func wait(_ what: String, until expression: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually(what, within: limit) { try prometheus.samples(expression).isEmpty ? nil : true }
    }

    /// Waits until the sides of a sum are equal.
    func waitForEquality(_ what: String, of difference: String) async throws {
        try await eventually(
            try "\(what): both sides differ by \(prometheus.value(difference) ?? .nan); held: \(heldByPlace())",
            within: .seconds(30)
        ) {
            try prometheus.value(difference) == 0 ? true : nil
        }
    }

    /// Waits until Prometheus has seen for three seconds that nothing moves, and all stages are there.
    func waitUntilNothingMoves() async throws {
        let moved = [
            "async_processor_leases_total", "async_processor_settlements_total", "async_processor_attempts_total",
            "llm_d_async_async_dispatched_requests_total", #"async_processor_held_requests{place!~"queue|parked"}"#,
        ].map { "(sum(changes(\($0)[3s])) or vector(0))" }
        try await wait("nothing moves", until: "\(moved.joined(separator: " + ")) == 0 and sum(up) == 4")
    }

    private func heldByPlace() throws -> String {
        try prometheus.samples("sum by (stage, place) (async_processor_held_requests) > 0").map {
            "\($0.labels["stage"] ?? "") \($0.labels["place"] ?? "") \($0.value)"
        }.joined(separator: ", ")
    }

    // MARK: Killing

    /// Kills a stage and starts it again once `body` has looked at what is seen of the others.
    ///
    /// What it had counted has been seen before, since nothing moves.
    mutating func kill(_ stage: String, _ body: (inout ObservedPipeline) async throws -> Void) async throws {
        try await pipeline[stage].signal(SIGKILL)
        sums.killed(stage)
        try await wait("\(stage) is seen to be gone", until: #"up{stage="\#(stage)"} == 0"#)
        try await body(&self)
        try await pipeline[stage].start()
        try await wait("\(stage) is seen again", until: #"up{stage="\#(stage)"} == 1"#)
    }

    /// Waits until each stage has somebody at the other end of all its links.
    func waitUntilConnected() async throws {
        try await wait("all stages are connected", until: "min(async_processor_link_peers) > 0 and sum(up) == 4")
    }
}

/// Starts it all, runs `body` once it is all seen, and ends it all.
func withObservedPipeline(_ body: (inout ObservedPipeline) async throws -> Void) async throws {
    let redis = try await RedisServer()
    let ports = try Dictionary(uniqueKeysWithValues: ObservedPipeline.stages.map { ($0, try freePort()) })
    let url = "http://127.0.0.1:\(try freePort())"
    let pipeline = try Pipeline(
        queue: RedisSortedSetRun.flags(redis, gateway: "\(url)/v1/completions"),
        flags: quickRetries + [
            "--concurrency", "\(ObservedPipeline.slots)", "--lease-seconds", "\(ObservedPipeline.leaseSeconds)",
        ],
        own: ports.mapValues { ["--metrics-port", "\($0)"] })
    let gateway = StageProcess(
        "gateway", executable: try builtExecutable("apctl"),
        arguments: [
            "gateway-sim", "--port", url.split(separator: ":").last.map(String.init) ?? "", "--latency", "100ms",
            "--share-429", "0.05", "--share-503", "0.05", "--share-cut", "0.02",
        ], directory: pipeline.directory)
    try await withPipeline(pipeline) { pipeline in
        do {
            try await gateway.start()
            try await eventually("the gateway answers") { try httpGet("\(url)/health").status == 200 ? true : nil }
            let prometheus = try await PrometheusServer(
                targets: ports.map { stage, port in
                    .init(port: port, labels: ["stage": stage, "namespace": "test", "job": "async-processor"])
                }, every: "500ms", rules: Dashboard.root.appending(path: "deploy/observability/rules.yaml").path)
            var run = ObservedPipeline(redis, gateway, pipeline, prometheus)
            try await run.wait("all stages are seen", until: "sum(up) == 4")
            try await body(&run)
        } catch {
            await gateway.end()
            throw error
        }
        await gateway.end()
    }
    redis.kill()
}
