import Foundation
import GateRules
import Messages
import Queue
import Testing

@testable import Settings

struct QueuesFileTests {
    private func parse(_ document: String, _ arguments: [String] = []) throws -> IngestSettings {
        try withFile(document) { path in
            try IngestSettings.parse(arguments: ["--queues-config-file", path] + arguments)
        }
    }

    @Test
    func readsAWholeDocument() throws {
        let settings = try parse(
            """
            {"url":"redis://h:1/2","retry_queue_name":"later","result_queue_name":"out","enable_tracing":true,"queues":[
              {"queue_name":"a","igw_base_url":"http://g","worker_pool_id":"x","labels":{"tier":"batch"}},
              {"queue_name":"b","id":"b1","igw_base_url":"http://g/base","request_path_url":"/v1/embeddings",
               "inference_objective":"o","result_queue_name":"out-b"}]}
            """)
        #expect(settings.server.redis.value == "redis://h:1/2")
        #expect(
            settings.server.queues == [
                QueueSettings(
                    id: "a", name: "a", retryQueue: "later", defaultResultDestination: "out",
                    target: .base("http://g", path: "/v1/completions"), pool: "x", labels: ["tier": "batch"]),
                QueueSettings(
                    id: "b1", name: "b", retryQueue: "later", resultDestination: "out-b",
                    defaultResultDestination: "out", target: .base("http://g/base", path: "/v1/embeddings"),
                    objective: "o"),
            ])
        #expect(settings.stage.warnings.isEmpty)
    }

    @Test
    func readsTheExampleOfTheDocumentation() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/queues.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let example = try #require(
            text.firstMatch(of: /<!-- test: queues-file -->\n```json\n(.+?)```/.dotMatchesNewlines()))
        let server = try parse(String(example.1)).server
        #expect(server.redis.value == "redis://redis:6379")
        #expect(server.queues.map(\.name) == ["reviews", "batch"])
        #expect(server.queues.map(\.id) == ["reviews", "night"])
        #expect(
            server.queues.map(\.url) == ["http://small:8000/v1/completions", "http://large:8000/v1/chat/completions"])
        #expect(server.queues.map(\.resultDestination) == [nil, "batch-results"])
        #expect(server.queues.map(\.objective) == ["", "background"])
    }

    @Test
    func readsTheBareListOfOlderVersions() throws {
        let queues = try parse(
            #"[{"queue_name":"a","inference_objective":"o"},{"queue_name":"b","request_path_url":"/v1/embeddings"}]"#,
            ["--redis.inference-gateway", "http://g:80/v1/completions", "--redis.result-queue-name", "out"]
        ).server.queues
        #expect(queues.map(\.name) == ["a", "b"])
        #expect(queues.map(\.target) == [.url("http://g:80/v1/completions"), .url("http://g:80/v1/embeddings")])
        #expect(queues.map(\.objective) == ["o", ""])
        #expect(queues.map(\.defaultResultDestination) == ["out", "out"])
    }

    @Test
    func matchesKeysWhateverTheirCaseAndTakesNullForNothing() throws {
        let queues = try parse(#"{"Queues":[{"QUEUE_NAME":"a","igw_base_url":"http://g","id":null}]}"#).server.queues
        #expect(queues.map(\.id) == ["a"])
    }

    @Test
    func readsTopicsForPubSub() throws {
        let settings = try parse(
            #"{"project_id":"p","result_topic_id":"t","topics":[{"subscriber_id":"s","igw_base_url":"http://g"}]}"#,
            ["--message-queue-impl", "gcp-pubsub"])
        #expect(settings.server.pubsubProject == "p")
        #expect(settings.server.pubsubResultTopic == "t")
        #expect(settings.server.queues.map(\.name) == ["s"])
    }

    @Test(arguments: [#"{"limit": 3}"#, #""{\"limit\": \"3\"}""#])
    func readsTheGateOfAQueue(parameters: String) throws {
        let settings = try parse(
            #"{"queues":[{"queue_name":"a","igw_base_url":"http://g","gate_type":"local-max-concurrency","gate_params":\#(parameters)},"#
                + #"{"queue_name":"b","igw_base_url":"http://g"}]}"#)
        #expect(settings.server.queues.map(\.gate.typeName) == ["local-max-concurrency", "constant"])
        #expect(settings.stage.warnings.isEmpty)
    }

    @Test(arguments: [
        (#""gate_type":"redis-quota""#, "queues[0].gate_params.address: is missing"),
        (#""gate_type":"no-such""#, "no-such"),
        (#""gate_type":"prometheus-query","gate_params":{"query":"up"}"#, "needs --prometheus-url"),
        (#""gate_type":"local-max-concurrency","gate_params":{"limit":0}"#, "queues[0].gate_params.limit"),
    ])
    func saysWhatIsWrongWithTheGateOfAQueue(gate: String, reason: String) {
        #expect {
            _ = try parse(#"{"queues":[{"queue_name":"a","igw_base_url":"http://g",\#(gate)}]}"#)
        } throws: {
            "\($0)".contains(reason)
        }
    }

    @Test(arguments: [
        (#"{"queue_name":"a","igw_base_url":"http://g","id":"1","id":"2"}"#, "queues[0].id: stands there twice"),
        (
            #"{"queue_name":"a","igw_base_url":"http://g","gate_type":"local-max-concurrency","gate_params":{"limit":1,"limit":2}}"#,
            "queues[0].gate_params.limit: stands there twice"
        ),
        (
            #"{"queue_name":"a","igw_base_url":"http://g","worker_pool_id":"\#(String(repeating: "p", count: 201))"}"#,
            "queues[0].worker_pool_id: the id of the worker pool has more than 200 bytes"
        ),
    ])
    func namesTheFieldThatIsWrong(queue: String, reason: String) {
        #expect {
            _ = try parse(#"{"queues":[\#(queue)]}"#)
        } throws: {
            "\($0)".contains(reason)
        }
    }

    /// Google counts what is given back, and gives up after so many times.
    @Test
    func refusesGatesOnPubSubThatGiveRequestsBack() {
        #expect {
            _ = try parse(
                #"{"project_id":"p","result_topic_id":"t","topics":[{"subscriber_id":"s","igw_base_url":"http://g","#
                    + #""gate_type":"redis-quota","gate_params":{"address":"a:1","limit":3}}]}"#,
                ["--message-queue-impl", "gcp-pubsub"])
        } throws: {
            "\($0)".contains("topics[0].gate_type") && "\($0)".contains("counts as attempts")
        }
    }

    @Test
    func aLeaseIsOfThePoolThatTheFlagNames() throws {
        let queue =
            #"{"queues":[{"queue_name":"a","igw_base_url":"http://g","gate_type":"redis-leased-rate","gate_params":{"address":"a:1","control_key":"k"}}]}"#
        let gate = try parse(queue, ["--redis.worker-pool-id", "shared"]).server.queues[0].gate
        guard case .leasedRate(let rate) = gate else {
            Issue.record("\(gate)")
            return
        }
        #expect(rate.poolID == "shared")
    }

    /// Emit has the same file, and asks no gate.
    @Test
    func onlyIngestNeedsWhatAGateAsks() throws {
        let file =
            #"{"queues":[{"queue_name":"a","igw_base_url":"http://g","gate_type":"prometheus-query","gate_params":{"query":"up"}}]}"#
        #expect(try parse(file, ["--prometheus-url", "http://p:9090"]).server.queues[0].gate != .constant)
        try withFile(file) { path in _ = try EmitSettings.parse(arguments: ["--queues-config-file", path]) }
    }

    @Test
    func letsTheFlagBeatTheFilesServerAndThatTheCommonVariable() throws {
        try withFile(#"{"url":"redis://file","queues":[{"queue_name":"a","igw_base_url":"http://g"}]}"#) { path in
            let file = ["--queues-config-file", path]
            let common = ["REDIS_URL": "redis://common"]
            let settings = try EmitSettings.parse(arguments: file, environment: common)
            #expect(settings.server.redis.value == "redis://file")
            let flag = file + ["--redis.url", "redis://flag"]
            let flagged = try EmitSettings.parse(arguments: flag, environment: common)
            #expect(flagged.server.redis.value == "redis://flag")
        }
    }

    @Test(arguments: [
        ("{", "is not JSON"),
        ("7", "is not JSON"),
        ("{}", "queues: needs at least one entry"),
        (#"{"queues":{}}"#, "queues: is not a list"),
        (#"{"queues":[7]}"#, "queues[0]: is not an object"),
        (#"{"queues":[{"igw_base_url":"http://g"}]}"#, "queues[0].queue_name: is missing"),
        (#"{"queues":[{"queue_name":"","igw_base_url":"http://g"}]}"#, "queues[0].queue_name: is missing"),
        (#"{"queues":[{"queue_name":7,"igw_base_url":"http://g"}]}"#, "queues[0].queue_name: is not a string"),
        (#"{"retry_queue_name":7,"queues":[]}"#, "retry_queue_name: is not a string"),
    ])
    func namesTheFieldThatIsNotAsItShouldBe(document: String, reason: String) {
        let error = #expect(throws: SettingsError.self) {
            try QueuesFile(Data(document.utf8), for: .redis, name: "the file", gates: GateReader(hasPrometheus: false))
        }
        #expect(error?.description == "the file: \(reason)")
    }

    @Test(arguments: [
        (#"{"queues":[{"queue_name":"a"}]}"#, "queues[0].igw_base_url: is missing"),
        (#"[{"queue_name":"a","igw_base_url":"g"}]"#, "queues[0].igw_base_url: expected http://… or https://…"),
        (
            #"[{"queue_name":"a","igw_base_url":"http://g"},{"queue_name":"a","igw_base_url":"http://g"}]"#,
            "queues[1].queue_name: another queue has the name a"
        ),
        (
            #"[{"queue_name":"a","igw_base_url":"http://g"},{"queue_name":"b","id":"a","igw_base_url":"http://g"}]"#,
            "queues[1].queue_name: another queue has the id a"
        ),
        (
            #"{"url":"http://h","queues":[{"queue_name":"a","igw_base_url":"http://g"}]}"#,
            "url: expected redis://… or unix://…"
        ),
        (#"{"queues":[{}]}"#, "queues[0].queue_name: is missing"),
    ])
    func namesFileAndFieldThatMakeNoSense(document: String, reason: String) throws {
        try withFile(document) { path in
            let text = refusal(IngestSettings.self, ["--queues-config-file", path])
            #expect(text == "Error: --queues-config-file: \(path): \(reason)")
        }
    }

    @Test(arguments: ["--redis.request-queue-name", "--redis.request-queue-name.2", "--redis.inference-gateway.1"])
    func refusesQueuesFromFileAndFlagsAtOnce(flag: String) throws {
        try withFile(#"[{"queue_name":"a","igw_base_url":"http://g"}]"#) { path in
            let text = refusal(IngestSettings.self, ["--queues-config-file", path, flag, "http://g"])
            #expect(text == "Error: \(flag): --queues-config-file names the queues already")
        }
    }

    @Test
    func refusesAFileThatIsNotThere() {
        #expect(
            refusal(EmitSettings.self, ["--queues-config-file", "/no/such"])
                == "Error: --queues-config-file: there is no file /no/such")
    }
}
