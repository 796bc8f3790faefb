import Testing

@testable import Settings

struct ArgumentRewritingTests {
    @Test(arguments: [
        (["-name", "value"], ["--name", "value"]),
        (["-name=-value", "--x=y"], ["--name=-value", "--x=y"]),
        (["-h", "-v", "-", "-5"], ["-h", "-v", "-", "-5"]),
        (["--count", "-5", "--share", "-0.5"], ["--count=-5", "--share=-0.5"]),
        (["--", "-name", "--redis.request-queue-name.2"], ["--", "-name", "--redis.request-queue-name.2"]),
        (["--tap-payloads", "no", "x"], ["--tap-payloads=no", "x"]),
        (["-tap-payloads", "x"], ["--tap-payloads=true", "x"]),
        (["--tap-payloads"], ["--tap-payloads=true"]),
        (["--request-queue-name.2", "x", "--redis.x.2", "y"], ["--request-queue-name.2", "x", "--redis.x.2", "y"]),
    ])
    func leavesWhatArgumentParserReads(arguments: [String], expected: [String]) throws {
        let rewritten = try RewrittenArguments(arguments)
        #expect(rewritten.plain == expected)
        #expect(rewritten.indexed.isEmpty)
    }

    @Test
    func takesOutWhatHasANumber() throws {
        let rewritten = try RewrittenArguments([
            "-redis.request-queue-name.2", "b", "--log-level", "info", "--redis.inference-gateway.2=http://g/?a=b",
        ])
        #expect(rewritten.plain == ["--log-level", "info"])
        let name = try #require(IndexedName("redis.request-queue-name", 2))
        let gateway = try #require(IndexedName("redis.inference-gateway", 2))
        #expect(rewritten.indexed == [name: "b", gateway: "http://g/?a=b"])
    }

    @Test
    func readsVariablesThatEndInANumber() {
        #expect(IndexedName(variable: "AP_PUBSUB_RESULT_TOPIC_ID_12")?.text == "--pubsub.result-topic-id.12")
        #expect(IndexedName(variable: "AP_PUBSUB_RESULT_TOPIC_ID") == nil)
        #expect(IndexedName(variable: "AP_CONCURRENCY_2") == nil)
        #expect(IndexedName(variable: "AP_REDIS_INFERENCE_GATEWAY_-1") == nil)
    }
}
