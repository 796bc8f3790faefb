import Foundation
import GatewaySimulator
import Processes
import SQLite
import Testing

extension EndToEnd {
    /// Real executables over the embedded queue: whatever dies, each request has exactly one result.
    struct SQLitePipelineTests {
        @Test(.timeLimit(.minutes(2)))
        func answersEachRequestOnceAndKeepsItsBytesWhileTheGatewayShedsFailsAndCuts() async throws {
            let all = ids(2000)
            try await withRun(all, script: Faults.some, dispatches: 2) { run in
                try await run.waitForResults(all.count)
                let bodies = Set(run.gateway.requests().map(\.text))
                #expect(bodies == Set(all.map { oddPayload($0) }))
                try run.expectOneResultEach(all)
                #expect(run.gateway.requests().count > 2000)
                #expect(try run.queue.openRequests() == 0)
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: ["dispatch", "retry", "emit"])
        func losesAndDoublesNothingWhenAStageIsKilled(stage: String) async throws {
            let all = ids(1500)
            try await withRun(all, script: Faults.some, latency: .fixed(.milliseconds(10)), dispatches: 1) { run in
                try await run.waitForResults(200)
                try await run.pipeline[stage].signal(SIGKILL)
                try await run.pipeline[stage].start()
                let restarted = ContinuousClock.now
                let before = try run.queue.resultCount()
                try await eventually("a new result after the restart of \(stage)", within: .seconds(5)) {
                    try run.queue.resultCount() > before ? true : nil
                }
                #expect(ContinuousClock.now - restarted < .seconds(5))
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func takesOverTheLeasesOfAKilledIngest() async throws {
            let all = ids(300)
            // One inference outlives a lease: it is running when its ingest dies, and still counts, once.
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == oddPayload("r00000") ? .after(.seconds(5), .normal) : nil
            }
            try await withRun(
                all, script: script, latency: .fixed(.milliseconds(20)), flags: ["--lease-seconds", "2"]
            ) { run in
                try await run.waitForResults(50)
                try await run.pipeline["ingest"].signal(SIGKILL)
                try await run.pipeline["ingest"].start()
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func handsBackEverythingWhenAllAreAskedToStopAtOnce() async throws {
            let all = ids(1500)
            try await withRun(all, script: Faults.some, latency: .fixed(.milliseconds(10))) { run in
                try await run.waitForResults(200)
                try await run.pipeline.signal(SIGTERM)
                for name in run.pipeline.names {
                    #expect(try await run.pipeline[name].exitStatus(within: .seconds(40)) == 0, "\(name)")
                }
                #expect(try run.queue.resultCount() < all.count, "the run was over before the signal")
                try await run.pipeline.start()
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func retriesEightFailuresInARowWithoutADeadLetter() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.attempt <= 8 ? .refusal(503, retryAfter: nil) : nil
            }
            try await withRun(["a"], script: script) { run in
                try await run.waitForResults(1)
                #expect(run.gateway.requests().count == 9)
                #expect(try run.queue.results().first?.body.contains(#""status_code":200"#) == true)
                #expect(try run.queue.deadLetterCount() == 0)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func answersBadInputAndKeepsWhatHasNoID() async throws {
            let bad = [
                #"{"id":"no-payload","deadline":9999999999}"#,
                #"{"id":"late","deadline":1000000000,"payload":{}}"#,
                #"{"id":"header","deadline":9999999999,"payload":{},"headers":{"bad name":"x"}}"#,
                #"{"id":"endpoint","deadline":9999999999,"payload":{},"endpoint":"/a\u0000b"}"#,
                #"{"id":"large","deadline":9999999999,"payload":{"p":"\#(String(repeating: "x", count: 2000))"}}"#,
                "not json", "[1,2]", #"{"deadline":1}"#, #"{"id":""}"#,
            ]
            try await withRun([], bodies: bad + [request("good")], flags: ["--max-payload-bytes", "1000"]) { run in
                // Each request with an id has a result; the four without are dead letters.
                try await run.waitForResults(6)
                try await eventually("four dead letters") { try run.queue.deadLetterCount() == 4 ? true : nil }
                let results = try Dictionary(run.queue.results().map { ($0.id, $0.body) }) { a, _ in a }
                for id in ["no-payload", "header", "endpoint", "large"] {
                    #expect(results[id]?.contains("INVALID_REQUEST") == true, "\(id): \(results[id] ?? "no result")")
                }
                #expect(results["late"]?.contains("DEADLINE_EXCEEDED") == true)
                #expect(results["good"]?.contains(#""status_code":200"#) == true)
                #expect(run.gateway.requests().count == 1)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func replacesAResponseAboveTheLimitByAnError() async throws {
            let large = [UInt8](repeating: UInt8(ascii: "x"), count: 5000)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { _ in .response(200, headers: [], body: large) }
            try await withRun(["a"], script: script, flags: ["--max-response-bytes", "1000"]) { run in
                try await run.waitForResults(1)
                #expect(try run.queue.results().first?.body.contains("INFERENCE_ERROR") == true)
                #expect(run.gateway.requests().count == 1)
            }
        }
    }
}

/// One run over the embedded queue.
struct SQLiteRun: Sendable {
    let queue: SQLiteClient
    let gateway: GatewaySimulator
    let pipeline: Pipeline

    func waitForResults(_ count: Int) async throws {
        try await eventually("\(count) results") { try queue.resultCount() >= count ? true : nil }
    }

    func expectOneResultEach(_ ids: [String]) throws {
        let counts = try queue.resultsPerID()
        #expect(counts.count == ids.count)
        #expect(counts.values.allSatisfy { $0 == 1 })
        #expect(Set(counts.keys) == Set(ids))
    }
}

/// Starts a gateway and the stages over a new embedded queue that holds a request for each id.
func withRun(
    _ ids: [String], bodies: [String] = [], script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
    latency: Latency = .fixed(.zero), dispatches: Int = 1, flags: [String] = [],
    own: [String: [String]] = [:], _ body: (SQLiteRun) async throws -> Void
) async throws {
    let folder = try temporaryDirectory()
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        let queue = try SQLiteClient(path: folder.appending(path: "queue.db").path)
        try queue.insert(ids.map { request($0) } + bodies)
        let pipeline = try Pipeline(
            queue: queue.flags(gateway: gateway.completions), dispatches: dispatches, flags: quickRetries + flags,
            own: own)
        try await withPipeline(pipeline) {
            try await body(SQLiteRun(queue: queue, gateway: gateway, pipeline: $0))
        }
    }
    try FileManager.default.removeItem(at: folder)
}
