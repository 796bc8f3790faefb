import Foundation
import GatewaySimulator
import Messages
import Processes
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// What a producer gets when something is wrong with the gateway, the request or its deadline: always something,
    /// and once.
    struct RedisSortedSetErrorTests {
        @Test(.timeLimit(.minutes(2)))
        func answersOnceWhateverTheGatewayDoes() async throws {
            let cases = GatewayCase.all
            let script = GatewayCase.script(cases)
            let ports = (retry: try freePort(), dispatch: try freePort())
            try await withSortedSetRun(
                script: script, flags: quickRetries + ["--request-timeout", "1", "--concurrency", "32"],
                own: [
                    "retry": ["--metrics-port", "\(ports.retry)"],
                    "dispatch": ["--metrics-port", "\(ports.dispatch)"],
                ],
                queue: {
                    RedisSortedSetRun.flags($0, gateway: $1.completions) + [
                        "--redis.request-queue-name", RedisSortedSetRun.queue, "--redis.request-queue-name.2",
                        "counted",
                    ]
                }
            ) { run in
                try await run.warmUp()
                for message in cases.map(\.message) {
                    try run.submit([message], to: message.id.hasPrefix("counted") ? "counted" : RedisSortedSetRun.queue)
                }
                try await run.waitForResults(cases.count)
                let results = try run.resultByID()
                let attempts = run.gateway.attemptsPerBody()
                for one in cases {
                    let result = try #require(results[one.id])
                    #expect(result.statusCode == one.status, "\(one.id)")
                    #expect(result.errorCode == one.code, "\(one.id): \(result)")
                    #expect(one.payload == nil || result.payload == one.payload, "\(one.id)")
                    let count = attempts[oddPayload(one.id)] ?? 0
                    #expect(one.attempts.contains(count), "\(one.id): \(count) attempts")
                }
                // Three attempts failed and one was shed; one request was refused.
                let labels = #"{queue_id="counted",queue_name="counted",pool_name="default"}"#
                let retry = try httpGet("http://127.0.0.1:\(ports.retry)/metrics").text
                #expect(retry.contains("llm_d_async_async_request_retries_total\(labels) 4\n"))
                let dispatch = try httpGet("http://127.0.0.1:\(ports.dispatch)/metrics").text
                #expect(dispatch.contains("llm_d_async_async_shedded_requests_total\(labels) 1\n"))
                #expect(dispatch.contains("llm_d_async_async_failed_requests_total\(labels) 1\n"))
                #expect(dispatch.contains("llm_d_async_async_successful_requests_total\(labels) 2\n"))
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func keepsWaitingForAGatewayThatIsDownUntilEachDeadline() async throws {
            let port = try freePort()
            let url = "http://127.0.0.1:\(port)/v1/completions"
            try await withSortedSetRun(queue: { redis, _ in RedisSortedSetRun.flags(redis, gateway: url) }) { run in
                try run.submit([Message("gives up", in: 2), Message("waits")])
                try await run.waitForResults(1)
                let result = try #require(try run.resultByID()["gives up"])
                #expect(result.errorCode == "DEADLINE_EXCEEDED" && result.statusCode == nil)
                let gateway = try await GatewaySimulator.start(port: UInt16(port))
                try await run.waitForResults(2)
                #expect(try run.resultByID()["waits"]?.statusCode == 200)
                #expect(gateway.requests().count == 1)
                await gateway.stop()
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func answersOrBuriesWhatCannotBeSent() async throws {
            let letters = RedisSortedSetRun.queue + ":dead-letter"
            let flags = quickRetries + ["--max-payload-bytes", "1000"]
            let (port, dispatch) = (try freePort(), try freePort())
            try await withSortedSetRun(
                flags: flags,
                own: ["ingest": ["--metrics-port", "\(port)"], "dispatch": ["--metrics-port", "\(dispatch)"]],
                leaving: [RedisSortedSetRun.list, letters]
            ) { run in
                try run.redis.submit(Self.answered.map { (1, $0.text) }, to: RedisSortedSetRun.queue)
                try run.redis.submit(Self.buried.map { (2, $0) }, to: RedisSortedSetRun.queue)
                try run.submit(["good"])
                try await run.waitForResults(Self.answered.count + 1)
                let results = try run.resultByID()
                for (id, text, code, reason) in Self.answered {
                    let result = try #require(results[id], "\(text)")
                    #expect(result.errorCode == code && result.statusCode == nil, "\(id)")
                    #expect(result.errorMessage?.contains(reason) == true, "\(id): \(result)")
                    #expect(result.payload == #"{"error":\#(quoted(result.errorMessage ?? ""))}"#)
                }
                #expect(results["good"]?.statusCode == 200)
                #expect(run.gateway.requests().count == 1)
                try await eventually("dead letters") {
                    try run.redis.length(letters) >= Self.buried.count ? true : nil
                }
                let kept = try run.redis.elements(letters).map {
                    try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                }
                #expect(Set(kept.compactMap { $0["body"] as? String }) == Set(Self.buried))
                #expect(kept.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
                let metrics = try httpGet("http://127.0.0.1:\(port)/metrics").text
                let labels =
                    #"{queue_id="\#(RedisSortedSetRun.queue)",queue_name="\#(RedisSortedSetRun.queue)",pool_name="default"}"#
                #expect(metrics.contains("llm_d_async_async_exceeded_deadline_requests_total\(labels) 2\n"))
                let failed = Self.answered.count - 2 + Self.buried.count
                #expect(metrics.contains("llm_d_async_async_failed_requests_total\(labels) \(failed)\n"))
                // What needs no attempt asks no gateway, and waits for no pool.
                let status = try httpGet("http://127.0.0.1:\(dispatch)/status").text
                #expect(status.components(separatedBy: "\"pool\" : ").count == 2, "\(status)")
                #expect(!status.contains("\"pool\" : \"\""))
            }
        }

        /// Whatever stands in `async:queues`, and was put there by anybody, costs only messages that name such a place.
        @Test(.timeLimit(.minutes(1)), arguments: [true, false])
        func keepsResultsOutOfQueuesThatAnotherProcessServes(isSet: Bool) async throws {
            let now = Message.now
            let names: [(name: String, score: String)] = [
                ("other", "\(now)"), ("once", "\(now - 100_000)"), ("some day", "inf"),
                (RedisSortedSetRun.list, "\(now)"), (String(repeating: "x", count: 1 << 20), "\(now)"),
            ]
            let left = [RedisSortedSetRun.list, "once", "some day"] + (isSet ? [] : ["other"])
            try await withSortedSetRun(
                leaving: Set(left),
                queue: { redis, gateway in
                    if isSet {
                        for (name, score) in names { _ = try? redis.run("ZADD", "async:queues", score, name) }
                    } else {
                        _ = try? redis.run("SET", "async:queues", "no set")
                    }
                    return RedisSortedSetRun.flags(redis, gateway: gateway.completions)
                }
            ) { run in
                func named(_ place: String) -> Message {
                    Message("to \(place)", routing: [#""result_queue_name":"\#(place)""#])
                }
                try run.submit([named("other"), named("once"), named("some day"), Message("ordinary")])
                try await run.waitForResults(isSet ? 2 : 1)
                for place in ["once", "some day"] + (isSet ? [] : ["other"]) {
                    try await run.waitForResults(1, in: place)
                }
                let results = try run.resultByID()
                #expect(results["ordinary"]?.statusCode == 200)
                if isSet {
                    #expect(results["to other"]?.errorCode == "INVALID_REQUEST")
                    #expect(try run.redis.run("EXISTS", "other").integer == 0)
                }
            }
        }

        /// Id, text, error code, and what its message says.
        private static let answered: [(id: String, text: String, code: String, reason: String)] = {
            let noDeadline = "Failed: deadline is missing or invalid (Unix seconds)."
            let long = String(repeating: "x", count: 2000)
            func tagged(_ data: String) -> String { #"{"internal":{},"request_kind":"redis","data":\#(data)}"# }
            return [
                (
                    "late", #"{"id":"late","deadline":1000000000,"payload":{}}"#, "DEADLINE_EXCEEDED",
                    "deadline exceeded"
                ),
                (
                    "late 2", tagged(#"{"id":"late 2","deadline":1000000000,"payload":{}}"#), "DEADLINE_EXCEEDED",
                    "deadline"
                ),
                ("zero", tagged(#"{"id":"zero","deadline":0,"payload":{}}"#), "INVALID_REQUEST", noDeadline),
                ("negative", #"{"id":"negative","deadline":"-5","payload":{}}"#, "INVALID_REQUEST", noDeadline),
                ("absent", #"{"id":"absent","payload":{}}"#, "INVALID_REQUEST", noDeadline),
                ("soon", #"{"id":"soon","deadline":"soon","payload":{}}"#, "INVALID_REQUEST", "deadline"),
                ("nothing", #"{"id":"nothing","deadline":9999999999}"#, "INVALID_REQUEST", "payload"),
                (
                    "large", #"{"id":"large","deadline":9999999999,"payload":{"a":"\#(long)"}}"#, "INVALID_REQUEST",
                    "payload"
                ),
                (
                    "header", #"{"id":"header","deadline":9999999999,"payload":{},"headers":{"bad name":"x"}}"#,
                    "INVALID_REQUEST", "bad name"
                ),
                (
                    "host", #"{"id":"host","deadline":9999999999,"payload":{},"endpoint":"/a\u0000b"}"#,
                    "INVALID_REQUEST", "endpoint"
                ),
                (
                    "kind", #"{"request_kind":"fax","data":{"id":"kind","deadline":9999999999,"payload":{}}}"#,
                    "INVALID_REQUEST", "request_kind"
                ),
            ]
        }()

        /// What has no id to answer to.
        private static let buried = [
            "not json", "null", "{}", "[1,2]", #"{"id":""}"#, #"{"request_kind":"redis"}"#,
            #"{"request_kind":"redis","data":{}}"#, #"{"request_kind":"redis","data":null}"#,
            #"{"internal":{},"data":{"id":"no kind","deadline":9999999999,"payload":{}}}"#,
        ]

        @Test(.timeLimit(.minutes(2)))
        func writesFiftyMegabytesAsOneResult() async throws {
            let body = [UInt8](repeating: UInt8(ascii: "x"), count: 50_000_000)
            try await withSortedSetRun(script: { _ in .response(200, headers: [], body: body) }) { run in
                try run.submit(["big"])
                try await run.waitForResults(1, within: .seconds(90))
                let element = try #require(try run.redis.elements(RedisSortedSetRun.list).first)
                #expect(element.utf8.count > body.count)
                #expect(element.hasPrefix(#"{"id":"big","status_code":200,"payload":"xxx"#))
                #expect(run.gateway.requests().count == 1)
                for name in ["dispatch", "emit"] {
                    let peak = try await peakMemory(run.pipeline[name])
                    #expect(peak < 500_000_000, "\(name)")
                }
            }
        }

        /// Bytes.
        ///
        /// Source: proc(5), VmHWM.
        private func peakMemory(_ process: StageProcess) async throws -> Int {
            let id = try #require(await process.processIdentifier)
            let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return 1024 * (Int(line.filter(\.isNumber)) ?? 0)
        }

        private func quoted(_ text: String) -> String {
            var json: [UInt8] = []
            json.appendJSONString(text)
            return String(decoding: json, as: UTF8.self)
        }
    }
}

/// How the gateway treats one request, and what becomes of it.
private struct GatewayCase: Sendable {
    let id: String
    /// Until the deadline.
    let seconds: Int64
    /// Counts attempts from 1.
    let answer: @Sendable (Int) -> GatewayAnswer?
    let status: Int?
    let code: String?
    let payload: String?
    let attempts: ClosedRange<Int>

    /// Made when it is submitted, since its deadline counts from now.
    var message: Message { Message(id, in: seconds, routing: id.contains("tagged") ? [] : nil) }

    private init(
        _ id: String, in seconds: Int64 = 600, status: Int?, code: String? = nil, payload: String? = nil,
        attempts: ClosedRange<Int>, _ answer: @escaping @Sendable (Int) -> GatewayAnswer?
    ) {
        (self.id, self.seconds) = (id, seconds)
        (self.status, self.code, self.payload) = (status, code, payload)
        (self.attempts, self.answer) = (attempts, answer)
    }

    static func script(_ cases: [GatewayCase]) -> @Sendable (GatewayRequest) -> GatewayAnswer? {
        let answers = Dictionary(uniqueKeysWithValues: cases.map { (oddPayload($0.id), $0.answer) })
        return { answers[$0.text]?($0.attempt) }
    }

    private static func body(_ status: Int, _ text: String, _ headers: [HeaderField] = []) -> GatewayAnswer {
        .response(status, headers: headers, body: Array(text.utf8))
    }

    static let all = [
        GatewayCase("counted: fails three times", status: 200, attempts: 4...4) {
            $0 <= 3 ? .refusal(503, retryAfter: nil) : nil
        },
        GatewayCase("counted: shed once, tagged", status: 200, attempts: 2...2) {
            $0 == 1 ? .refusal(429, retryAfter: nil) : nil
        },
        GatewayCase("counted: refused", status: 400, payload: #"{"B":1}"#, attempts: 1...1) { _ in
            body(400, #"{"B":1}"#)
        },
        GatewayCase("created", status: 201, payload: "made", attempts: 1...1) { _ in body(201, "made") },
        GatewayCase("empty, tagged", status: 204, payload: "", attempts: 1...1) { _ in body(204, "") },
        GatewayCase("timed out there", status: 200, attempts: 2...2) { $0 == 1 ? body(408, "") : nil },
        GatewayCase("cut once", status: 200, attempts: 2...2) { $0 == 1 ? .cutInBody : nil },
        GatewayCase("reset once", status: 200, attempts: 2...2) { $0 == 1 ? .cutBeforeAnswer : nil },
        GatewayCase("silent once", status: 200, attempts: 2...2) { $0 == 1 ? .silent : nil },
        GatewayCase("trickles once", status: 200, attempts: 2...2) { $0 == 1 ? .slow(over: .seconds(20)) : nil },
        GatewayCase("moved", status: 200, payload: "here", attempts: 2...2) {
            $0 == 1 ? body(307, "", [HeaderField("Location", "/v1/elsewhere")]) : body(200, "here")
        },
        GatewayCase("in circles", status: nil, code: "INFERENCE_ERROR", attempts: 11...11) { _ in
            body(308, "", [HeaderField("Location", "/v1/completions")])
        },
        // What has had no answer when its deadline comes; never half a body with status 200.
        GatewayCase("always cut", in: 3, status: nil, code: "DEADLINE_EXCEEDED", attempts: 1...100) { _ in .cutInBody },
        GatewayCase("always silent, tagged", in: 3, status: nil, code: "DEADLINE_EXCEEDED", attempts: 1...4) { _ in
            .silent
        },
    ]
}
