import Messages
import Queue

/// Requests, answers and envelopes as the benchmarks take them: 500 bytes of request, 600 of answer.
enum Samples {
    /// Milliseconds since 1970.
    static let now: Int64 = 1_800_000_000_000
    /// Unix seconds, an hour later.
    static let deadline = now / 1000 + 3600

    /// The body of a request.
    static let payload = Array(
        """
        {"model":"food-review","prompt":"\(String(repeating: "The soup was warm. ", count: 16))",\
        "max_tokens":64,"temperature":0.7,"stream":false}
        """.utf8)

    /// A request as the user guide writes it.
    static let flat =
        Array(
            #"{"id":"job-0123456789","deadline":"\#(deadline)","metadata":{"tenant":"a"},"payload":"#.utf8)
        + payload + Array("}".utf8)

    /// A request as a producer of llm-d-async writes it for a sorted set, with a token by which it can be cancelled.
    static let tagged =
        Array(
            """
            {"internal":{"retry_count":0,"request_token":"8f14e45f-ceea-467f-a1b2-0242ac130003",\
            "request_queue_name":"request-sortedset"},"request_kind":"redis",\
            "data":{"id":"job-0123456789","created":1800000000,"deadline":\(deadline),"payload":
            """.utf8) + payload + Array("}}".utf8)

    /// What a gateway answers.
    static let answer = Array(
        #"""
        {"id":"cmpl-1","object":"text_completion","created":1800000000,"model":"food-review","choices":[{"index":0,\#
        "text":"\#(String(repeating: #"It says: \"good\".\n"#, count: 20))","finish_reason":"stop"}],\#
        "usage":{"prompt_tokens":80,"completion_tokens":64,"total_tokens":144}}
        """#.utf8)

    static let receipt = Receipt(
        "0123456789abcdef0123456789abcdef01234567 6f00c0ffee12.345 6f00c0ffee12.345 36 15 "
            + "8f14e45f-ceea-467f-a1b2-0242ac130003retry-sortedsetrequest-sortedset")

    static let queue = QueueSettings(
        id: "reviews", name: "request-sortedset", defaultResultDestination: "result-list",
        target: .base("http://127.0.0.1:8000", path: "/v1/completions"))

    static let delivery = Delivery(bytes: tagged[...], receipt: receipt)

    /// What ingest sends.
    static let request = Envelope(
        id: "job-0123456789", queue: "request-sortedset", receipt: receipt, resultDestination: "result-list",
        url: "http://127.0.0.1:8000/v1/completions", headers: [HeaderField("Content-Type", "application/json")],
        deadline: deadline, leasedAt: now, payload: payload[...])

    /// What dispatch sends to emit.
    static let outcome: Envelope = {
        var envelope = request
        envelope.end(.result(.answer(statusCode: 200, body: answer[...])))
        return envelope
    }()

    /// What dispatch sends to retry.
    static let failure: Envelope = {
        var envelope = request
        envelope.payload = []
        envelope.progress = .failed(failedAttempt)
        return envelope
    }()

    static let failedAttempt = FailedAttempt(
        statusCode: 503, body: answer[..<100], reason: "POST http://127.0.0.1:8000: the gateway answered 503")
}
