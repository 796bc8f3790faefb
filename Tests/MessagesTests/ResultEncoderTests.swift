import Foundation
import Messages
import Testing

struct ResultEncoderTests {
    private func encode(
        _ result: Ending.Result, as format: ResultPayloadFormat = .text, id: String = "job-17", isBase64: Bool = false
    ) -> String {
        ResultEncoder(format: format).encode(id: id, result, isBase64: isBase64).text
    }

    private func answer(_ body: String) -> Ending.Result { .answer(statusCode: 200, body: bytes(body)) }

    @Test
    func writesTheBodyAsText() {
        #expect(
            encode(answer(#"{"choices":[{"text":"hello"}]}"#))
                == #"{"id":"job-17","status_code":200,"payload":"{\"choices\":[{\"text\":\"hello\"}]}"}"#)
    }

    @Test(arguments: [
        (ResultPayloadFormat.text, #"{"id":"a","status_code":200,"payload":""}"#),
        (.json, #"{"id":"a","status_code":200,"payload":""}"#),
        (.base64, #"{"id":"a","status_code":200,"payload":"","payload_encoding":"base64"}"#),
    ])
    func writesAnEmptyBody(format: ResultPayloadFormat, expected: String) {
        #expect(encode(answer(""), as: format, id: "a") == expected)
    }

    @Test
    func repeatsTheTokenOfTheSubmission() {
        let encoder = ResultEncoder()
        #expect(
            encoder.encode(id: "a", token: "t\"1", .answer(statusCode: 200, body: bytes("ok"))).text
                == #"{"id":"a","status_code":200,"payload":"ok","request_token":"t\"1"}"#)
        #expect(
            encoder.encode(id: "a", token: "t1", .failure(.cancelled, message: "cancelled")).text
                .hasSuffix(#""error_message":"cancelled","request_token":"t1"}"#))
    }

    @Test
    func escapesWhatJSONNeedsEscaped() {
        let body = "q\" b\\ n\n r\r t\t \u{1}\u{1F}\u{7F} é漢😀 / </script> \u{2028}"
        #expect(
            encode(answer(body), id: "\"\n")
                == "{\"id\":\"\\\"\\n\",\"status_code\":200,\"payload\":\"q\\\" b\\\\ n\\n r\\r t\\t "
                + "\\u0001\\u001f\u{7F} é漢😀 / </script> \u{2028}\"}")
    }

    @Test(arguments: [
        (#"{"a": [1.0, 9007199254740993]}"#, #"{"a": [1.0, 9007199254740993]}"#), ("17", "17"), ("null", "null"),
        ("{\n  \"a\": \"x\\ny\"\r\n}\n", "{   \"a\": \"x\\ny\"  } "), ("plain text", #""plain text""#),
        ("{} x", #""{} x""#),
        (#"{"a":}"#, #""{\"a\":}""#),
    ])
    func writesJSONBodiesAsTheyAre(body: String, payload: String) throws {
        let result = encode(answer(body), as: .json)
        #expect(result == #"{"id":"job-17","status_code":200,"payload":\#(payload)}"#)
        #expect(!result.contains("\n"))
    }

    @Test
    func writesBase64() {
        #expect(
            encode(.answer(statusCode: 404, body: bytes("no")), as: .base64)
                == #"{"id":"job-17","status_code":404,"payload":"bm8=","payload_encoding":"base64"}"#)
    }

    @Test(arguments: ResultPayloadFormat.allCases)
    func answersBase64WithBase64(format: ResultPayloadFormat) {
        #expect(
            encode(answer("{}"), as: format, isBase64: true)
                == #"{"id":"job-17","status_code":200,"payload":"e30=","payload_encoding":"base64"}"#)
    }

    @Test(arguments: ResultPayloadFormat.allCases, [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0x61, 0xF0, 0x9F]])
    func writesWhatIsNotUTF8AsBase64(format: ResultPayloadFormat, body: [UInt8]) throws {
        let result = ResultEncoder(format: format).encode(id: "a", .answer(statusCode: 200, body: body[...]))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result)) as? [String: Any])
        #expect(object["payload_encoding"] as? String == "base64")
        #expect((object["payload"] as? String).flatMap { Data(base64Encoded: $0) } == Data(body))
    }

    @Test
    func writesFailures() {
        #expect(
            encode(.failure(.deadlineExceeded, message: "deadline exceeded"))
                == #"{"id":"job-17","payload":"{\"error\":\"deadline exceeded\"}","error":"deadline exceeded","#
                + #""error_code":"DEADLINE_EXCEEDED","error_message":"deadline exceeded"}"#)
    }

    @Test(arguments: ErrorCode.allCases)
    func writesFailuresThatCanBeReadBack(code: ErrorCode) throws {
        let reason = "a \"quoted\"\nreason\\ é"
        let result = encode(.failure(code, message: reason), id: "")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: String])
        #expect(object["id"] == "" && object["error"] == reason && object["error_message"] == reason)
        #expect(object["error_code"] == code.rawValue)
        let inner = try JSONSerialization.jsonObject(with: Data((object["payload"] ?? "").utf8)) as? [String: String]
        #expect(inner == ["error": reason])
        #expect(object.count == 5)
    }

    @Test
    func writesTheErrorOfAFailureAsAValueOrBase64IfAskedTo() {
        #expect(encode(.failure(.cancelled, message: "x"), as: .json).contains(#""payload":{"error":"x"},"#))
        #expect(
            encode(.failure(.cancelled, message: "x"), isBase64: true)
                .contains(#""payload":"eyJlcnJvciI6IngifQ==","payload_encoding":"base64","#))
    }

    @Test(arguments: [ResultPayloadFormat.text, .json, .base64], [0x01, 0x0A, 0x22, 0x41, 0xFF] as [UInt8])
    func saysHowLargeALongResultWillBe(format: ResultPayloadFormat, byte: UInt8) {
        let encoder = ResultEncoder(format: format)
        for count in [10_000, 2 << 20] {
            let result = Ending.Result.answer(statusCode: 200, body: Bytes(repeating: byte, count: count))
            let size = encoder.size(id: "a", result)
            let length = encoder.encode(id: "a", result).count
            #expect(size >= length)
            let isSmall = count < 1 << 20
            #expect(isSmall || size < length + 300, "\(size), \(length)")
        }
    }

    @Test
    func makesSixBytesOfAControlCharacterAndTwoOfALineBreak() {
        let body = Bytes((0..<1000).flatMap { _ in [0x01, 0x0A, 0x5C, 0x41] as [UInt8] })
        let json = ResultEncoder().encode(id: "a", .answer(statusCode: 200, body: body))
        let text = String(repeating: #"\u0001\n\\A"#, count: 1000)
        #expect(String(decoding: json, as: UTF8.self) == #"{"id":"a","status_code":200,"payload":"\#(text)"}"#)
    }
}
