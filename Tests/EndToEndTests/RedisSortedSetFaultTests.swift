import Foundation
import GatewaySimulator
import Processes
import Redis
import RedisSortedSetSource
import TestServers
import Testing

extension EndToEnd {
    /// Deaths and outages over sorted sets: every request has one result, whatever happens.
    struct RedisSortedSetFaultTests {
        private static let letters = RedisSortedSetRun.queue + ":dead-letter"

        @Test(.timeLimit(.minutes(2)))
        func losesAndDoublesNothingWhoeverIsKilled() async throws {
            let all = ids(1500)
            try await withSortedSetRun(
                script: Faults.some, latency: .fixed(.milliseconds(10)), flags: quickRetries + ["--lease-seconds", "2"]
            ) { run in
                try run.submit(all)
                var goal = 100
                for stage in ["dispatch", "emit", "ingest", "retry"] {
                    try await run.waitForResults(goal)
                    try await run.pipeline[stage].signal(SIGKILL)
                    try await run.pipeline[stage].start()
                    let before = try run.redis.length(RedisSortedSetRun.list)
                    #expect(before < all.count, "the run was over before \(stage) was killed")
                    try await run.waitForResults(before + 1, within: .seconds(5))
                    goal = before + 200
                }
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func repeatsNothingWhileTheServerIsAway() async throws {
            let all = ids(1000)
            try await withSortedSetRun(latency: .fixed(.milliseconds(10)), appendOnly: true) { run in
                try run.submit(all)
                try await run.waitForResults(200)
                run.redis.kill()
                try await Task.sleep(for: .seconds(2))
                try await run.redis.start()
                #expect(try run.redis.length(RedisSortedSetRun.list) < all.count, "the run was over before the outage")
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
                #expect(run.gateway.requests().count == all.count)
            }
        }

        /// The server does what it is asked; its answer gets lost with the connection.
        @Test(.timeLimit(.minutes(2)))
        func repeatsNothingWhenAnswersOfTheServerAreLost() async throws {
            let all = ids(1000)
            let redis = try await RedisServer()
            let proxy = try CuttingProxy(to: redis.port)
            try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(5)))) { gateway in
                let queue = RedisSortedSetRun.flags(
                    url: "redis://127.0.0.1:\(proxy.port)", gateway: gateway.completions)
                try await withPipeline(Pipeline(queue: queue)) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(all)
                    let scripts = RedisSortedSetScripts.standard
                    for (turn, script) in [scripts.claim, scripts.settle, scripts.claim, scripts.settle].enumerated() {
                        try await run.waitForResults(50 + 150 * turn)
                        proxy.swallowReply(toRequestWith: script.digest)
                        try await eventually("an answer is lost") { proxy.cuts > turn ? true : nil }
                    }
                    proxy.cut()
                    // Nothing waits for a lease to expire, which takes 30 s.
                    try await run.waitForResults(all.count, within: .seconds(20))
                    try run.expectOneResultEach(all)
                    #expect(gateway.requests().count == all.count)
                    try await redis.expectNothingLeft(but: [RedisSortedSetRun.list])
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func aResultListThatIsNoneHurtsNoOther() async throws {
            let (good, broken) = (ids(100), ids(3, "b"))
            let leaving: Set<String> = [RedisSortedSetRun.list, Self.letters, "broken", "mended"]
            try await withSortedSetRun(leaving: leaving) { run in
                for list in ["broken", "mended"] { try run.redis.run("SET", list, "no list") }
                let asking = { (list: String) in [#""result_queue_name":"\#(list)""#] }
                try run.submit(
                    broken.map { Message($0, routing: asking("broken")) } + [Message("m", routing: asking("mended"))])
                try run.submit(good)
                try await run.waitForResults(good.count, within: .seconds(5))
                try await eventually("the refusal is reported") {
                    try await run.pipeline["emit"].logText().contains("The queue refuses a result") ? true : nil
                }
                try run.redis.run("DEL", "mended")
                try await eventually("its result", within: .seconds(5)) {
                    try run.redis.length("mended") == 1 ? true : nil
                }
                try run.expectOneResultEach(["m"], in: "mended")
                // Ten refusals, with pauses that grow to two seconds.
                try await eventually("dead letters", within: .seconds(30)) {
                    try run.redis.length(Self.letters) == broken.count ? true : nil
                }
                let kept = try run.redis.elements(Self.letters)
                #expect(kept.allSatisfy { $0.contains("WRONGTYPE") })
                for id in broken { #expect(kept.contains { $0.contains(#""id":"\#(id)""#) }) }
                try run.expectOneResultEach(good)
                #expect(try run.redis.run("GET", "broken").text == "no list")
                #expect(run.gateway.requests().count == good.count + broken.count + 1, "an attempt was repeated")
            }
        }

        /// Its ingest dies again and again.
        @Test(.timeLimit(.minutes(2)))
        func buriesARequestWhoseLeaseExpiresTooOften() async throws {
            let flags = quickRetries + ["--lease-seconds", "1", "--max-deliveries", "2"]
            try await withSortedSetRun(script: Self.silentForPoison, flags: flags, leaving: Self.left) { run in
                try run.submit(["poison", "before"])
                for deaths in 1...3 {
                    try await eventually("it is sent for the \(deaths). time", within: .seconds(10)) {
                        run.gateway.attemptsPerBody()[oddPayload("poison")] ?? 0 >= deaths ? true : nil
                    }
                    try await run.pipeline["ingest"].signal(SIGKILL)
                    try await run.pipeline["ingest"].start()
                }
                try await expectBuried(run, reason: "its lease expired 3 times")
            }
        }

        /// It takes whoever sends it with it.
        @Test(.timeLimit(.minutes(2)))
        func buriesARequestThatKillsEveryDispatchThatHoldsIt() async throws {
            let flags = quickRetries + ["--max-deliveries", "2"]
            try await withSortedSetRun(script: Self.silentForPoison, flags: flags, leaving: Self.left) { run in
                try run.submit(["poison", "before"])
                for deaths in 1...3 {
                    try await eventually("it is sent for the \(deaths). time", within: .seconds(10)) {
                        run.gateway.attemptsPerBody()[oddPayload("poison")] ?? 0 >= deaths ? true : nil
                    }
                    try await run.waitForResults(1)
                    try await run.pipeline["dispatch"].signal(SIGKILL)
                    try await run.pipeline["dispatch"].start()
                }
                try await expectBuried(run, reason: "3 processes were lost while they held this request")
            }
        }

        private static let left: Set<String> = [RedisSortedSetRun.list, letters]

        private static let silentForPoison: @Sendable (GatewayRequest) -> GatewayAnswer? = {
            $0.text == oddPayload("poison") ? .silent : nil
        }

        /// The producer is told, the operator has the request as it was written, and the others go on.
        private func expectBuried(_ run: RedisSortedSetRun, reason: String) async throws {
            try run.submit(["after"])
            try await run.waitForResults(3, within: .seconds(15))
            let results = try run.resultByID()
            #expect(results["poison"]?.errorCode == "DEAD_LETTER")
            #expect(results["poison"]?.error?.contains(reason) == true, "\(results["poison"]?.error ?? "")")
            for id in ["before", "after"] { #expect(results[id]?.statusCode == 200) }
            #expect(run.gateway.attemptsPerBody()[oddPayload("poison")] == 3)
            let letters = try run.redis.elements(Self.letters)
            #expect(letters.count == 1)
            let letter = try #require(
                JSONSerialization.jsonObject(with: Data((letters.first ?? "").utf8)) as? [String: Any])
            #expect(letter["id"] as? String == "poison")
            #expect((letter["body"] as? String)?.contains(oddPayload("poison")) == true)
            #expect(letter["reason"] as? String == results["poison"]?.error)
        }
    }
}
