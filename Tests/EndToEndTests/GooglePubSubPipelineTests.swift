import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// Real executables over the real emulator: every request has a result, and a second one only where Pub/Sub has
    /// delivered it again.
    @Suite(.enabled(if: GooglePubSubEmulator.isInstalled, "\(GooglePubSubEmulator.hint)"))
    struct GooglePubSubPipelineTests {
        @Test(.timeLimit(.minutes(3)))
        func answersEachRequestAndKeepsItsBytesWhileTheGatewayShedsFailsAndCuts() async throws {
            let all = ids(5000)
            try await withPubSubRun(script: Faults.some, dispatches: 2, ingests: 2, emits: 2, backoff: 0.1...1) { run in
                let numbers = Dictionary(uniqueKeysWithValues: zip(all, try run.publish(all)))
                try await run.waitForAnswers(all.count, within: .seconds(150))
                let results = run.consumer.results
                #expect(Set(results.keys) == Set(all))
                #expect(Set(run.gateway.requests().map(\.text)) == Set(all.map { oddPayload($0) }))
                for (id, own) in results {
                    for result in own {
                        #expect(result.body.statusCode == 200)
                        #expect(result.attributes["id"] == id && result.attributes["status_code"] == "200")
                        #expect(result.attributes["error_code"] == nil)
                        #expect(result.attributes["pubsub-id"] == numbers[id], "\(id)")
                    }
                }
                // Whoever has two was also inferred more often than the gateway's faults explain.
                let attempts = run.gateway.attemptsPerBody()
                let explained = all.filter { attempts[oddPayload($0)] ?? 0 > Faults.attempts(oddPayload($0)) }
                #expect(run.consumer.repeated.subtracting(explained) == [])
                print("Pub/Sub: \(all.count) requests, \(run.consumer.repeated.count) with a second result")
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func leavesWhatAlwaysFailsToTheDeadLetterTopicAndCountsItOnce() async throws {
            let bad = oddPayload("bad")
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == bad ? .refusal(503, retryAfter: nil) : nil
            }
            let port = try freePort()
            try await withPubSubRun(
                script: script, attempts: 5, backoff: 0.1...1, own: ["ingest": ["--metrics-port", "\(port)"]]
            ) { run in
                let number = try run.publish(["bad", "good"])[0]
                let session = run.emulator.connect()
                let letter = try await eventually("a dead letter", within: .seconds(90)) {
                    try session.pull(GooglePubSubRun.deadLetters).first
                }
                #expect(letter.message.text == request("bad"))
                #expect(letter.message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5")
                #expect(run.gateway.attemptsPerBody()[bad] == 5)
                try await run.waitForAnswers(1)
                #expect(run.consumer.results.keys.sorted() == ["good"], "\(number)")
                let metrics = try httpGet("http://127.0.0.1:\(port)/metrics").text
                #expect(Self.total("async_request_total", in: metrics) == 2)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func answersEveryKindOfBadInput() async throws {
            let unreadable = [
                "not json", "null", "{}", "[1,2]", #"{"id":""}"#, #"{"deadline":1}"#, "",
                #"{"request_kind":"redis","data":null}"#,
            ]
            let long = String(repeating: "x", count: 2000)
            let invalid = [
                #"{"id":"no payload","deadline":9999999999}"#, #"{"id":"no deadline","payload":{}}"#,
                #"{"id":"soon","deadline":"soon","payload":{}}"#,
                #"{"id":"large","deadline":9999999999,"payload":{"p":"\#(long)"}}"#,
                #"{"id":"header","deadline":9999999999,"payload":{},"headers":{"bad name":"x"}}"#,
                #"{"id":"endpoint","deadline":9999999999,"payload":{},"endpoint":"/a\u0000b"}"#,
            ]
            try await withPubSubRun(flags: quickRetries + ["--max-payload-bytes", "1000"]) { run in
                // Without data Pub/Sub wants an attribute at least.
                let bytes = [[0xFF, 0xFE]] + unreadable.map { Array($0.utf8) }
                let numbers = try run.publish(bytes.map { GooglePubSubMessage($0, attributes: ["a": "b"]) })
                try run.publish(invalid.map { GooglePubSubMessage($0) })
                try run.publish([
                    GooglePubSubMessage(#"{"id":"late","deadline":1000000000,"payload":{}}"#),
                    GooglePubSubMessage(request("good")),
                ])
                try await run.waitForAnswers(numbers.count + invalid.count + 2)
                let results = run.consumer.results
                #expect(results.values.allSatisfy { $0.count == 1 })
                for number in numbers {
                    let result = try #require(results["message \(number)"]?.first, "message \(number)")
                    #expect(result.body.errorCode == "DEAD_LETTER" && result.attributes["error_code"] == "DEAD_LETTER")
                    #expect(result.body.errorMessage?.isEmpty == false)
                }
                let named = results.filter { !$0.key.hasPrefix("message ") }.mapValues { $0[0].body.errorCode ?? "" }
                let wrong = ["no payload", "no deadline", "soon", "large", "header", "endpoint"]
                #expect(named.filter { $0.value == "INVALID_REQUEST" }.keys.sorted() == wrong.sorted())
                #expect(named["late"] == "DEADLINE_EXCEEDED" && named["good"] == "")
                #expect(run.gateway.requests().map(\.text) == [oddPayload("good")])
                try await expectNothingLeft(run)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func replacesAResponseThatPubSubDoesNotTakeByAnError() async throws {
            let large = [UInt8](repeating: UInt8(ascii: "x"), count: 11_000_000)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == oddPayload("large") ? .response(200, headers: [], body: large) : nil
            }
            try await withPubSubRun(script: script) { run in
                try run.publish(["large", "small"])
                try await run.waitForAnswers(2)
                let results = run.consumer.results
                #expect(results["large"]?.map(\.body.errorCode) == ["INFERENCE_ERROR"])
                #expect(results["large"]?.first?.attributes["error_code"] == "INFERENCE_ERROR")
                #expect(results["large"]?.first?.attributes["status_code"] == nil)
                #expect(results["small"]?.map(\.body.statusCode) == [200])
                #expect(run.gateway.attemptsPerBody()[oddPayload("large")] == 1)
                try await expectNothingLeft(run)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func losesNothingWhenAnEmitIsKilled() async throws {
            let all = ids(3000)
            try await withPubSubRun(script: Faults.some, latency: .fixed(.milliseconds(10)), emits: 2) { run in
                try run.publish(all)
                try await run.waitForAnswers(300)
                try await run.pipeline["emit"].signal(SIGKILL)
                #expect(run.consumer.answers < all.count, "the run was over before the kill")
                try await run.pipeline["emit"].start()
                try await run.waitForAnswers(all.count, within: .seconds(120))
                #expect(Set(run.consumer.results.keys) == Set(all))
                let results = run.consumer.results.values.flatMap(\.self)
                #expect(results.allSatisfy { $0.body.statusCode == 200 })
                print("Pub/Sub, emit killed: \(run.consumer.repeated.count) with a second result")
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func takesAttributesAsMetadataAndCarriesTheTraceOn() async throws {
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            try await withPubSubRun { run in
                try run.publish([GooglePubSubMessage(request("traced"), attributes: ["traceparent": trace])])
                try await run.waitForAnswers(1)
                #expect(run.gateway.requests().first?.header("traceparent") == trace)
                #expect(run.consumer.results["traced"]?.first?.attributes["traceparent"] == trace)
            }
        }

        /// Nobody delivers a request again: all have been acknowledged.
        private func expectNothingLeft(_ run: GooglePubSubRun) async throws {
            try await run.pipeline.signal(SIGTERM)
            for name in run.pipeline.names {
                #expect(try await run.pipeline[name].exitStatus(within: .seconds(40)) == 0, "\(name)")
            }
            // Longer than the ack deadline: whatever is still held by anybody comes out by then.
            let session = run.emulator.connect()
            let end = ContinuousClock.now + .seconds(13)
            while ContinuousClock.now < end {
                #expect(try session.pull(GooglePubSubRun.requests).map(\.message.text) == [])
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        /// The sum of a metric over all its labels.
        private static func total(_ metric: String, in text: String) -> Int {
            text.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains(metric + "{") }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0) { $0 + Int($1) }
        }
    }
}
