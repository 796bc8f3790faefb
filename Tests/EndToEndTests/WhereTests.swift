import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// `apctl where` and real stages.
    struct WhereTests {
        /// One that is at a gateway that does not answer, one that is parked, one that waits in the queue, one that is
        /// answered: one slot.
        @Test(.timeLimit(.minutes(1)))
        func findsARequestWhereverItIs() async throws {
            let redis = try await RedisServer()
            let stages = ["ingest", "dispatch", "retry", "emit"]
            let ports = try Dictionary(uniqueKeysWithValues: stages.map { ($0, try freePort()) })
            let settings = GatewaySettings(script: { request in
                request.text.contains("hangs")
                    ? .silent : request.text.contains("later") ? .refusal(503, retryAfter: "300") : nil
            })
            try await withGateway(settings) { gateway in
                let queue = RedisSortedSetRun.flags(redis, gateway: gateway.completions)
                let pipeline = try Pipeline(
                    queue: queue, flags: quickRetries + ["--concurrency", "1", "--slack", "off"],
                    own: ports.mapValues { ["--metrics-port", "\($0)"] })
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    let flags =
                        ports.flatMap { ["--\($0)", "\($1)"] }
                        + queue.filter { $0 != "--redis.inference-gateway" && $0 != gateway.completions }
                    func find(_ id: String) throws -> Ended {
                        try runToEnd(builtExecutable("apctl"), ["where", id] + flags, withErrors: true)
                    }
                    func found(_ id: String, _ words: String, status: Int32 = 0) async throws {
                        try await eventually("\(id): \(words)") {
                            let answer = try find(id)
                            return answer.status == status && answer.output.contains(words) ? true : nil
                        }
                    }
                    try run.submit([Message("done", in: 400)])
                    try await run.waitForResults(1)
                    try run.submit([Message("later", in: 500, payload: #"{"p":"later"}"#)])
                    try await found("later", "the queue \(RedisSortedSetRun.queue): parked")
                    try await found("later", "1 attempt has failed")
                    try run.submit([Message("hangs", in: 600, payload: #"{"p":"hangs"}"#)])
                    try await found("hangs", "at the gateway for ")
                    try await found("hangs", "it has not answered yet")
                    try await found("hangs", "with dispatch at ipc://")
                    try await found("hangs", "leased by an ingest")
                    try run.submit(ids(2000).map { Message($0, in: 900) } + [Message("last", in: 1000)])
                    try await found("last", "waits in the queue to be leased")
                    try await found("done", "Nobody who was asked has the request done.", status: 1)
                    try await pipeline["retry"].signal(SIGKILL)
                    try await found(
                        "done", "Not known: retry at http://127.0.0.1:\(ports["retry"] ?? 0): no answer: ", status: 2)
                }
            }
            redis.kill()
        }
    }
}
