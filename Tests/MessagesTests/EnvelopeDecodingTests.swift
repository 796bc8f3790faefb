import Messages
import Testing

struct EnvelopeDecodingTests {
    private let message = #"""
        {"internal":{"request_token":"9f86","queue_id":"q1","request_queue_name":"batch-q",
          "result_queue_name":"batch-results","labels":{"tier":"batch"},"retry_count":2,"transport_correlation_id":"7"},
         "request_kind":"redis",
         "data":{"id":"job-17","created":1893450000,"deadline":1893456000,"payload":{"model":"m", "prompt":"hi"},
           "metadata":{"userid":"u1"},"headers":{"x-tenant":"acme"},"endpoint":"/v1/chat/completions",
           "request_queue_name":"ignored","result_queue_name":"ignored"}}
        """#

    private let expected = InboundRequest(
        id: "job-17", deadline: 1_893_456_000, payload: bytes(#"{"model":"m", "prompt":"hi"}"#), model: "m",
        endpoint: "/v1/chat/completions", headers: [HeaderField("x-tenant", "acme")], metadata: ["userid": "u1"],
        routing: Routing(
            retryCount: 2, requestToken: "9f86", queueID: "q1", requestQueueName: "batch-q",
            resultQueueName: "batch-results", labels: ["tier": "batch"]))

    @Test
    func readsATaggedEnvelope() throws {
        #expect(try decodedRequest(message) == expected)
    }

    @Test
    func readsItsPartsInAnyOrder() throws {
        let shuffled =
            #"{"data":{"payload":{},"id":"a","deadline":"5"},"internal":{"retry_count":1},"request_kind":"plain"}"#
        let request = try decodedRequest(shuffled)
        #expect(request.id == "a" && request.deadline == 5 && request.routing.retryCount == 1)
    }

    @Test(arguments: ["plain", "redis", "pubsub"])
    func knowsThreeKinds(kind: String) throws {
        #expect(
            try decodedRequest(#"{"request_kind":"\#(kind)","data":{"id":"a","deadline":5,"payload":{}}}"#).id == "a")
    }

    @Test
    func ignoresFieldsOfAFlatMessageBesideData() throws {
        let request = try decodedRequest(
            #"{"id":5,"deadline":"no","headers":[],"request_kind":"plain","data":{"id":"a","deadline":5,"payload":{}}}"#
        )
        #expect(request == InboundRequest(id: "a", deadline: 5, payload: bytes("{}")))
    }

    @Test
    func ignoresDataBesideAFlatMessage() throws {
        let request = try decodedRequest(#"{"id":"a","deadline":5,"payload":{},"data":{"id":7},"internal":[]}"#)
        #expect(request.id == "a")
    }

    @Test
    func takesTheHigherRetryCount() throws {
        let data = #""request_kind":"plain","data":{"id":"a","deadline":5,"payload":{},"retry_count":4}"#
        #expect(try decodedRequest(#"{"internal":{"retry_count":2},\#(data)}"#).routing.retryCount == 4)
        #expect(try decodedRequest(#"{"internal":{"retry_count":9},\#(data)}"#).routing.retryCount == 9)
    }

    @Test(arguments: [
        (
            #"{"request_kind":"kafka","data":{"id":"a","deadline":5,"payload":{}}}"#,
            #"request_kind: expected plain, redis or pubsub, found "kafka""#
        ),
        (
            #"{"request_kind":"","data":{"id":"a","deadline":5,"payload":{}}}"#,
            #"request_kind: expected plain, redis or pubsub, found """#
        ),
        (
            #"{"request_kind":3,"data":{"id":"a","deadline":5,"payload":{}}}"#,
            "request_kind: expected a string, found a number"
        ),
        (
            #"{"request_kind":"plain","internal":"x","data":{"id":"a","deadline":5,"payload":{}}}"#,
            "internal: expected an object, found a string"
        ),
        (
            #"{"request_kind":"plain","internal":{"labels":{"tier":1}},"data":{"id":"a","deadline":5,"payload":{}}}"#,
            #"internal.labels["tier"]: expected a string, found a number"#
        ),
        (
            #"{"request_kind":"plain","internal":{"retry_count":"2"},"data":{"id":"a","deadline":5,"payload":{}}}"#,
            "internal.retry_count: expected an integer, found a string"
        ),
        (#"{"request_kind":"plain","id":"a"}"#, "data: missing"),
        (#"{"request_kind":"plain","id":"a","data":null}"#, "data: missing"),
        (#"{"request_kind":"plain","id":"a","data":"x"}"#, "data: expected an object, found a string"),
    ])
    func rejectsBrokenEnvelopesThatHaveAnID(message: String, reason: String) throws {
        #expect(try rejection(message) == RejectedRequest(id: "a", reason: reason))
    }

    @Test
    func keepsTheRoutingOfARejectedRequest() throws {
        let rejected = try rejection(
            #"{"request_kind":"redis","internal":{"result_queue_name":"q2","request_token":"t"},"data":{"id":"a","payload":"e30="}}"#
        )
        #expect(rejected.routing == Routing(requestToken: "t", resultQueueName: "q2"))
        #expect(rejected.isBase64)
    }

    @Test(arguments: [
        (#"{"request_kind":"plain"}"#, "data: missing"),
        (#"{"request_kind":"plain","data":null}"#, "data: missing"),
        (#"{"request_kind":"plain","data":{}}"#, "id: missing"),
        (#"{"request_kind":"plain","data":{"id":""}}"#, "id: empty"),
        (#"{"data":{"id":"a","deadline":5,"payload":{}}}"#, "id: missing (an envelope has a request_kind)"),
    ])
    func cannotReadEnvelopesWithoutAnID(message: String, reason: String) throws {
        #expect(try deadLetterReason(message) == reason)
    }
}
