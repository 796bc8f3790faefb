import Messages
import Queue
import Testing

@testable import Intake

struct PreparationTests {
    private static let now: Int64 = 1_700_000_000_000
    private let preparation = Preparation(limits: RequestLimits(), maxDeliveries: 5)
    private let queue = QueueSettings(
        id: "q", name: "request-queue", defaultResultDestination: "result-queue",
        target: .url("http://gateway:8000/v1/completions"), objective: "batch", pool: "engines")

    @Test
    func preparesTheMessageOfTheUserGuide() {
        let envelope = prepare(
            #"{"id" : "testmsg", "payload":{ "model":"food-review-1", "prompt":"Hi, good morning "}, "#
                + #""deadline" :"23472348233323" }"#)
        #expect(envelope.id == "testmsg")
        #expect(envelope.queue == "request-queue")
        #expect(envelope.pool == "engines")
        #expect(envelope.url == "http://gateway:8000/v1/completions")
        #expect(envelope.deadline == 23_472_348_233_323)
        #expect(text(envelope.payload) == #"{ "model":"food-review-1", "prompt":"Hi, good morning "}"#)
        #expect(envelope.headers.contains(HeaderField("x-gateway-inference-objective", "batch")))
        #expect(envelope.resultDestination == "result-queue")
        #expect(envelope.progress == .waiting)
        #expect(envelope.receipt == Receipt("r"))
    }

    @Test(arguments: [
        "request-queue", "other", "retry-sortedset", "async:elsewhere:state", "elsewhere:dead-letter", "r:claimed",
        "request-active:a",
    ])
    func sendsNoResultWhereRequestsAre(destination: String) {
        var preparation = preparation
        let other = QueueSettings(id: "o", name: "other", target: .url("http://g/"))
        preparation.reserved = ReservedNames(.keys, [queue, other])
        func prepare(_ destination: String) -> Envelope {
            let message =
                #"{"internal":{"result_queue_name":"\#(destination)"},"request_kind":"redis","#
                + #""data":{"id":"a","deadline":9999999999,"payload":{}}}"#
            return preparation.prepare(
                Delivery(bytes: Bytes(message.utf8), receipt: Receipt("r")), from: queue, now: Self.now
            ).envelope
        }
        let envelope = prepare(destination)
        #expect(envelope.resultDestination == "result-queue")
        guard case .ended(.result(.failure(.invalidRequest, let reason))) = envelope.progress else {
            Issue.record("\(envelope.progress)")
            return
        }
        #expect(reason.contains("result_queue_name") && reason.contains(destination))
        #expect(prepare("my-results").resultDestination == "my-results")
        #expect(prepare("my-results").progress == .waiting)
    }

    @Test(arguments: ["garbage", "[1]", "7", "", #"{"payload":{}}"#, #"{"id":"","payload":{}}"#, #"{"id":7}"#])
    func deadLettersWhatHasNoId(message: String) {
        let envelope = prepare(message)
        guard case .ended(.deadLetter(let reason)) = envelope.progress else {
            Issue.record("\(envelope.progress)")
            return
        }
        #expect(envelope.id.isEmpty)
        #expect(!reason.isEmpty)
    }

    @Test(arguments: [
        (#"{"id":"a","deadline":9999999999}"#, "payload"),
        (#"{"id":"a","payload":{}}"#, "deadline"),
        (#"{"id":"a","payload":{},"deadline":"soon"}"#, "deadline"),
        (#"{"id":"a","payload":7,"deadline":9999999999}"#, "payload"),
        (#"{"id":"a","payload":{},"deadline":9999999999,"headers":{"bad name":"x"}}"#, "bad name"),
        (#"{"id":"a","payload":{},"deadline":9999999999,"headers":{"x":"a\r\nb: c"}}"#, "x"),
        (#"{"id":"a","payload":{},"deadline":9999999999,"endpoint":"/a b"}"#, "endpoint"),
    ])
    func answersARequestThatIsWrongWithTheNameOfTheField(message: String, field: String) {
        let envelope = prepare(message)
        guard case .ended(.result(.failure(.invalidRequest, let reason))) = envelope.progress else {
            Issue.record("\(envelope.progress)")
            return
        }
        #expect(envelope.id == "a")
        #expect(reason.contains(field), "\(reason)")
        #expect(envelope.payload.isEmpty)
    }

    @Test(arguments: [1_699_999_999, 1_700_000_000])
    func answersARequestWhoseDeadlineIsOverWithoutAnAttempt(deadline: Int) {
        let envelope = prepare(#"{"id":"a","payload":{},"deadline":\#(deadline)}"#)
        #expect(envelope.progress == .ended(.result(.failure(.deadlineExceeded, message: "deadline exceeded"))))
    }

    @Test
    func answersOrDeadLettersWhatALinkCouldNotCarry() {
        let long = String(repeating: "x", count: 70_000)
        guard case .ended(.deadLetter) = prepare(#"{"id":"\#(long)","deadline":9999999999,"payload":{}}"#).progress
        else {
            Issue.record("a long id")
            return
        }
        let value = String(repeating: "y", count: 1 << 20)
        let envelope = prepare(#"{"id":"a","deadline":9999999999,"payload":{},"headers":{"x-a":"\#(value)"}}"#)
        guard case .ended(.result(.failure(.invalidRequest, let reason))) = envelope.progress else {
            Issue.record("\(envelope.progress)")
            return
        }
        #expect(reason.contains("headers"))
        #expect(envelope.headers.isEmpty)
    }

    @Test
    func answersAPayloadAboveTheLimit() {
        let small = Preparation(limits: RequestLimits(maxPayloadBytes: 10), maxDeliveries: 5)
        let message = #"{"id":"a","deadline":9999999999,"payload":{"prompt":"long enough"}}"#
        let envelope = small.prepare(delivery(message), from: queue, now: Self.now).envelope
        guard case .ended(.result(.failure(.invalidRequest, let reason))) = envelope.progress else {
            Issue.record("\(envelope.progress)")
            return
        }
        #expect(reason.contains("payload"))
    }

    @Test
    func takesTheHigherOfTheQueuesAndTheMessagesCountOfFailedAttempts() {
        let message = #"{"id":"a","deadline":9999999999,"payload":{},"retry_count":3}"#
        #expect(prepare(message).failedAttempts == 3)
        #expect(prepare(message, failedAttempts: 4).failedAttempts == 4)
    }

    @Test(arguments: zip([0, 1, 5, 6], [false, false, false, true]))
    func deadLettersARequestWhoseLeaseExpiredTooOften(deliveries: Int, isDeadLetter: Bool) {
        let envelope = prepare(#"{"id":"a","deadline":9999999999,"payload":{}}"#, deliveries: deliveries)
        var isDead = false
        if case .ended(.deadLetter) = envelope.progress { isDead = true }
        #expect(isDead == isDeadLetter)
        #expect(envelope.losses == deliveries)
        #expect(envelope.id == "a")
    }

    @Test
    func sendsTheResultWhereTheQueuesSettingsSayElseWhereTheMessageSaysElseToTheDefault() {
        let asks =
            #"{"internal":{"result_queue_name":"mine"},"request_kind":"redis","#
            + #""data":{"id":"a","deadline":9999999999,"payload":{}}}"#
        #expect(prepare(asks).resultDestination == "mine")
        var configured = queue
        configured.resultDestination = "configured"
        let envelope = preparation.prepare(delivery(asks), from: configured, now: Self.now).envelope
        #expect(envelope.resultDestination == "configured")
    }

    @Test(arguments: [("t1", "t1"), ("", nil)])
    func passesOnTheTokenThatTheResultRepeats(token: String, expected: String?) {
        #expect(prepare(message(token: token)).requestToken == expected)
        // Also where the request is wrong.
        #expect(prepare(message(token: token, payload: "7")).requestToken == expected)
    }

    @Test
    func refusesATokenThatALinkCouldNotCarry() {
        let envelope = prepare(message(token: String(repeating: "t", count: 70_000)))
        #expect(envelope.requestToken == nil)
        #expect(
            envelope.progress
                == .ended(
                    .result(.failure(.invalidRequest, message: "internal.request_token: longer than 65536 bytes"))))
    }

    private func message(token: String, payload: String = "{}") -> String {
        #"{"internal":{"request_token":"\#(token)"},"request_kind":"redis","#
            + #""data":{"id":"a","deadline":9999999999,"payload":\#(payload)}}"#
    }

    @Test
    func replacesThePathByTheMessagesEndpointAndNeverTheHost() {
        let message = #"{"id":"a","deadline":9999999999,"payload":{},"endpoint":"http://evil/v1/chat"}"#
        #expect(prepare(message).url.hasPrefix("http://gateway:8000/"))
    }

    private func prepare(_ message: String, deliveries: Int = 0, failedAttempts: Int = 0) -> Envelope {
        preparation.prepare(
            delivery(message, deliveries: deliveries, failedAttempts: failedAttempts), from: queue, now: Self.now
        ).envelope
    }

    private func delivery(_ message: String, deliveries: Int = 0, failedAttempts: Int = 0) -> Delivery {
        Delivery(
            bytes: Bytes(message.utf8), receipt: Receipt("r"), deliveries: deliveries, failedAttempts: failedAttempts)
    }

    private func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
