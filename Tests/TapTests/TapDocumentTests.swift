import Foundation
import Loop
import Messages
import Primitives
import Testing

@testable import Tap

struct TapDocumentTests {
    @Test
    func saysWhereARequestIsAndHowFarItHasCome() throws {
        let document = try decode(
            TapCopy(
                .sample, .input, link: "ingest-dispatch", peer: "tcp://10.0.0.1:5566",
                place: .init(session: 0xABCDEF, number: 17), time: WallClock(milliseconds: 1_764_045_130_123)))
        let expected: [String: any Sendable] = [
            "copy": 3, "time": 1_764_045_130_123, "stage": "dispatch", "direction": "in", "link": "ingest-dispatch",
            "peer": "tcp://10.0.0.1:5566", "session": "abcdef", "number": 17, "queue": "reviews", "id": "a.1",
            "progress": "waiting", "failed_attempts": 2, "deliveries": 1, "losses": 1, "deadline": 1_764_045_999,
            "leased_at": 1_764_045_130_000, "url": "http://gateway/v1/completions", "result_destination": "results",
            "payload_bytes": 14, "answer_bytes": 0,
            "headers": ["Content-Type": "application/json"],
        ]
        #expect(NSDictionary(dictionary: document) == NSDictionary(dictionary: expected))
    }

    @Test(arguments: [
        (
            Messages.Progress.failed(
                FailedAttempt(statusCode: 503, body: Bytes("busy".utf8), reason: "shed", retryAfterMilliseconds: 1500)),
            #""progress":"failed","status":503,"reason":"shed","retry_after_ms":1500"#
        ),
        (
            .failed(FailedAttempt(statusCode: nil, body: [], reason: "connect: refused")),
            #""progress":"failed","reason":"connect: refused""#
        ),
        (.ended(.result(.answer(statusCode: 404, body: []))), #""progress":"result","status":404"#),
        (
            .ended(.result(.failure(.deadlineExceeded, message: "too late"))),
            #""progress":"error","error_code":"DEADLINE_EXCEEDED","reason":"too late""#
        ),
        (.ended(.parked(afterMilliseconds: 2500)), #""progress":"parked","after_ms":2500"#),
        (.ended(.released), #""progress":"released""#),
        (.ended(.deadLetter(reason: "no \"id\"")), #""progress":"dead_letter","reason":"no \"id\"""#),
    ])
    func namesEachStateOfARequest(progress: Messages.Progress, text: String) {
        var envelope = Envelope.sample
        envelope.progress = progress
        #expect(encode(TapCopy(envelope, .output, link: "l", time: .sample)).contains(text))
    }

    @Test
    func saysWhatTheQueueAnswered() throws {
        let copy = TapCopy(.sample, .output, link: "emit-queue", answer: "stale", time: .sample)
        #expect(try decode(copy)["queue_said"] as? String == "stale")
    }

    @Test
    func leavesPayloadsOutUnlessAskedForThem() throws {
        let copy = TapCopy(.answered(Bytes("{\"choices\":[]}".utf8)), .input, link: "l", time: .sample)
        let without = encode(copy)
        #expect(!without.contains("prompt") && !without.contains("choices"))
        #expect(without.contains(#""payload_bytes":14,"answer_bytes":14"#))
        let with = try decode(copy, showsPayloads: true)
        #expect(with["payload"] as? String == "{\"prompt\":\"x\"}")
        #expect(with["answer"] as? String == "{\"choices\":[]}")
        #expect(with["payload_encoding"] == nil && with["payload_cut"] == nil)
    }

    @Test
    func writesWhatIsNotTextAsBase64() throws {
        let copy = TapCopy(.answered([0xFF, 0x00, 0x7F]), .input, link: "l", time: .sample)
        let document = try decode(copy, showsPayloads: true)
        #expect(document["answer"] as? String == "/wB/")
        #expect(document["answer_encoding"] as? String == "base64")
        #expect(document["payload_encoding"] == nil)
    }

    @Test(arguments: [0, 1, 2, 3])
    func cutsLongTextBetweenItsCharacters(offset: Int) throws {
        let text = String(repeating: "x", count: offset) + String(repeating: "𝄞", count: 20_000)
        let copy = TapCopy(.answered(Bytes(text.utf8)), .input, link: "l", time: .sample)
        let document = try decode(copy, showsPayloads: true)
        let shown = try #require(document["answer"] as? String)
        #expect(text.hasPrefix(shown))
        #expect((TapDocument.maxPayload - 3...TapDocument.maxPayload).contains(shown.utf8.count))
        #expect(document["answer_cut"] as? Bool == true)
        #expect(document["answer_encoding"] == nil)
        #expect(document["answer_bytes"] as? Int == text.utf8.count)
    }

    @Test(arguments: [
        "Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "X-API-Key", "x-goog-api-key", "X-Auth-Token",
        "client-secret", "x-amz-signature", "X-Session-Id",
    ])
    func neverShowsHeadersThatOpenDoors(name: String) throws {
        var envelope = Envelope.sample
        envelope.headers.append(HeaderField(name, "hunter2"))
        let copy = TapCopy(envelope, .input, link: "l", time: .sample)
        #expect(!encode(copy, showsPayloads: true).contains("hunter2"))
        let headers = try decode(copy)["headers"] as? [String: String]
        #expect(headers == ["Content-Type": "application/json", name: "***"])
    }

    @Test
    func showsTheTraceAndHidesWhatTheURLKeeps() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        var envelope = Envelope.sample
        envelope.headers.append(HeaderField("TraceParent", trace))
        envelope.url = "http://user:hunter2@gateway/v1?key=hunter2"
        let copy = TapCopy(envelope, .input, link: "l", time: .sample)
        #expect(try decode(copy)["traceparent"] as? String == trace)
        #expect(!encode(copy).contains("hunter2"))
    }

    @Test
    func staysOnOneLineAndBoundedWhateverProducersWrite() throws {
        var envelope = Envelope.sample
        envelope.id = String(repeating: "\n\"\\\u{1}é", count: 10_000)
        envelope.queue = String(repeating: "q", count: 100_000)
        envelope.url = String(repeating: "u", count: 100_000)
        envelope.headers = (0..<200).map { HeaderField("h\($0)", String(repeating: "v", count: 10_000)) }
        envelope.progress = .ended(.deadLetter(reason: String(repeating: "r", count: 100_000)))
        let copy = TapCopy(envelope, .input, link: "l", time: .sample)
        let text = encode(copy)
        #expect(!text.contains("\n"))
        #expect(text.utf8.count < 40_000)
        #expect(try decode(copy)["headers_left_out"] as? Int == 136)
        #expect(copy.topic(stage: "dispatch").count < 2100)
    }

    @Test
    func beginsWithATopicThatSaysStageDirectionQueueAndID() {
        let copy = TapCopy(.sample, .output, link: "l", time: .sample)
        #expect(String(decoding: copy.topic(stage: "emit"), as: UTF8.self) == "emit.out.reviews.a.1")
    }

    private func encode(_ copy: TapCopy, showsPayloads: Bool = false) -> String {
        String(
            decoding: TapDocument(stage: "dispatch", showsPayloads: showsPayloads).encode(copy, number: 3),
            as: UTF8.self)
    }

    private func decode(_ copy: TapCopy, showsPayloads: Bool = false) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(encode(copy, showsPayloads: showsPayloads).utf8))
        return try #require(object as? [String: Any])
    }
}

extension WallClock {
    static let sample = WallClock(milliseconds: 1_764_045_130_123)
}

extension Envelope {
    static let sample = Envelope(
        id: "a.1", queue: "reviews", receipt: Receipt("r"), resultDestination: "results",
        url: "http://gateway/v1/completions", headers: [HeaderField("Content-Type", "application/json")],
        deadline: 1_764_045_999, failedAttempts: 2, deliveries: 1, losses: 1, leasedAt: 1_764_045_130_000,
        payload: Bytes("{\"prompt\":\"x\"}".utf8))

    /// The sample with its payload and an answer, as no stage has both but dispatch for a moment.
    static func answered(_ body: Bytes) -> Envelope {
        var envelope = sample
        envelope.progress = .ended(.result(.answer(statusCode: 200, body: body)))
        return envelope
    }
}
