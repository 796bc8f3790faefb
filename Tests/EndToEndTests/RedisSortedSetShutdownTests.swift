import Foundation
import GatewaySimulator
import Processes
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// SIGTERM to stages over sorted sets: what they hold is finished, or somebody else's at once.
    struct RedisSortedSetShutdownTests {
        /// A deployment whose gateway holds its answers back is asked to stop while another serves the same queue.
        @Test(.timeLimit(.minutes(2)))
        func finishesWhatIsUnderWayAndGivesBackTheRestAtOnce() async throws {
            let (all, slots, port) = (ids(30), 4, try freePort())
            try await withSortedSetRun(
                flags: ["--concurrency", "\(slots)"], own: ["ingest": ["--metrics-port", "\(port)"]]
            ) { old in
                await old.gateway.hold()
                try old.submit(all)
                try await eventually("all slots are taken") { old.gateway.requests().count == slots ? true : nil }
                try await withGateway { gateway in
                    let queue = RedisSortedSetRun.flags(old.redis, gateway: gateway.completions)
                    try await withPipeline(Pipeline(queue: queue)) { _ in
                        try await eventually("the other serves the queue") {
                            try old.redis.members(RedisSortedSetRun.queue).isEmpty ? true : nil
                        }
                        #expect(try httpGet("http://127.0.0.1:\(port)/readyz").status == 200)
                        try await old.pipeline.signal(SIGTERM)
                        try await old.waitForResults(all.count - slots, within: .seconds(3))
                        #expect(try httpGet("http://127.0.0.1:\(port)/readyz").status == 503)
                        #expect(try httpGet("http://127.0.0.1:\(port)/healthz").status == 200)
                        let later = ids(5, "later")
                        try old.submit(later)
                        try await old.waitForResults(all.count + later.count - slots)
                        await old.gateway.release()
                        for name in old.pipeline.names {
                            #expect(try await old.pipeline[name].exitStatus(within: .seconds(20)) == 0, "\(name)")
                        }
                        try old.expectOneResultEach(all + later)
                        #expect(old.gateway.requests().count == slots, "something was started while draining")
                        #expect(gateway.requests().count == all.count + later.count - slots)
                    }
                }
            }
        }

        /// Inferences longer than the drain may take are on the queue again when their leases are over.
        @Test(.timeLimit(.minutes(1)))
        func keepsWhatItsDrainHasNoTimeFor() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { $0.attempt == 1 ? .silent : nil }
            let flags = quickRetries + ["--drain-timeout", "1", "--lease-seconds", "2"]
            try await withSortedSetRun(script: script, flags: flags) { run in
                try run.submit(ids(3))
                try await eventually("all are sent") { run.gateway.requests().count == 3 ? true : nil }
                try await run.pipeline.signal(SIGTERM)
                for name in run.pipeline.names {
                    _ = try await run.pipeline[name].exitStatus(within: .seconds(10))
                }
                #expect(try run.redis.length(RedisSortedSetRun.list) == 0)
                try await run.pipeline.start()
                try await run.waitForResults(3, within: .seconds(10))
                try run.expectOneResultEach(ids(3))
                #expect(run.gateway.requests().count == 6)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func goesOnRetryingAfterARestart() async throws {
            let isBroken = Atomic(true)
            let all = ids(20)
            try await withSortedSetRun(
                script: { _ in isBroken.load(ordering: .relaxed) ? .refusal(503, retryAfter: nil) : nil },
                flags: ["--backoff-base", "0.3", "--backoff-max", "1"]
            ) { run in
                try run.submit(all)
                try await eventually("each has failed") { run.gateway.attemptsPerBody().count == 20 ? true : nil }
                try await run.pipeline.signal(SIGTERM)
                for name in run.pipeline.names {
                    #expect(try await run.pipeline[name].exitStatus(within: .seconds(20)) == 0, "\(name)")
                }
                isBroken.store(false, ordering: .relaxed)
                #expect(try run.redis.length(RedisSortedSetRun.list) == 0)
                try await run.pipeline.start()
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func losesNothingInAStormOfSignals() async throws {
            let all = ids(500)
            try await withSortedSetRun(script: Faults.some, latency: .fixed(.milliseconds(30))) { run in
                try run.submit(all)
                for (storm, goal) in [50, 250].enumerated() {
                    try await run.waitForResults(goal)
                    try await run.pipeline.waitUntilStarted(times: storm + 1)
                    try await run.pipeline.signal(SIGTERM)
                    for name in run.pipeline.names {
                        #expect(try await run.pipeline[name].exitStatus(within: .seconds(20)) == 0, "\(name)")
                    }
                    #expect(
                        try run.redis.length(RedisSortedSetRun.list) < all.count, "the run was over before the signal")
                    try await run.pipeline.start()
                }
                // Nothing waits for a lease to expire, which takes 30 s.
                try await run.waitForResults(all.count, within: .seconds(20))
                try run.expectOneResultEach(all)
                let expected = Dictionary(
                    uniqueKeysWithValues: all.map { (oddPayload($0), Faults.attempts(oddPayload($0))) })
                #expect(run.gateway.attemptsPerBody() == expected, "an attempt was repeated")
            }
        }
    }
}
