import Foundation
import GatewaySimulator
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// What the producer of llm-d-async writes down beside its requests, and how it cancels one.
    struct RedisSortedSetCancellationTests {
        /// One request holds the only slot; the others wait, most of them on the queue.
        @Test(.timeLimit(.minutes(1)))
        func cancelsWhatWaitsAndNothingElse() async throws {
            let waiting = ids(12)
            let leaving: Set<String> = [RedisSortedSetRun.list, "request-active:first", "request-cancel:first"]
            try await withSortedSetRun(flags: ["--concurrency", "1"], leaving: leaving) { run in
                await run.gateway.hold()
                try produce(run, [.tagged("first", token: "t1")])
                try await eventually("the only slot is taken") { run.gateway.requests().isEmpty ? nil : true }
                try produce(run, waiting.enumerated().map { .tagged($1, token: "t1", in: 601 + Int64($0)) })
                // What stands behind the front is not leased while the slot is taken.
                let queued = Array(waiting.suffix(6))
                // One that is at the gateway already, then submitted again.
                for key in ["active", "cancel"] { try run.redis.run("SET", "request-\(key):first", "t2") }
                // Cancelled, cancelled before it was submitted again, and cancelled without a token to match.
                try run.redis.run("SET", "request-cancel:\(queued[0])", "t1")
                try run.redis.run("SET", "request-cancel:\(queued[1])", "t0")
                try run.redis.run("SET", "request-cancel:\(queued[2])", "")
                await run.gateway.release()
                try await run.waitForResults(13)
                let results = try run.resultByID()
                #expect(Set(results.keys) == Set(["first"] + waiting))
                for (id, result) in results {
                    #expect(result.statusCode == (id == queued[0] ? nil : 200), "\(id)")
                }
                let cancelled = try #require(results[queued[0]])
                #expect(cancelled.errorCode == "CANCELLED" && cancelled.errorMessage == "cancelled")
                #expect(cancelled.payload == #"{"error":"cancelled"}"#)
                #expect(run.gateway.requests().count == 12)
                #expect(run.gateway.attemptsPerBody()[oddPayload(queued[0])] == nil)
                for id in queued[1...2] { #expect(try run.redis.run("DEL", "request-cancel:\(id)").integer == 1) }
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func cancelsARetryThatWaitsAndClearsTheKeysOfEveryOutcome() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == oddPayload("retried") ? .refusal(503, retryAfter: nil) : nil
            }
            try await withSortedSetRun(script: script, flags: ["--backoff-base", "0.5"]) { run in
                try run.redis.run("SET", "request-cancel:never sent", "t1")
                try produce(
                    run,
                    [
                        .tagged("retried", token: "t1"), .tagged("done", token: "t1"),
                        .tagged("expired", token: "t1", in: -100), .tagged("never sent", token: "t1", in: -100),
                    ])
                try await eventually("it is parked") { try run.redis.members(RedisSortedSetRun.retrySet).first }
                try run.redis.run("SET", "request-cancel:retried", "t1")
                try await run.waitForResults(4)
                let codes = try run.resultByID().mapValues { $0.errorCode ?? "" }
                #expect(
                    codes == [
                        "retried": "CANCELLED", "done": "", "expired": "DEADLINE_EXCEEDED", "never sent": "CANCELLED",
                    ])
                #expect(run.gateway.requests().count == 2)
            }
        }

        /// Submits as the producer does; the marker of an earlier cancellation is a test's own affair.
        private func produce(_ run: RedisSortedSetRun, _ messages: [Message]) throws {
            for message in messages { try run.redis.run("SET", "request-active:\(message.id)", "t1") }
            try run.submit(messages)
        }
    }
}
