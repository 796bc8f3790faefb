import Messages
import Testing

/// DESIGN 6, "Bad input", as far as it is decided from the message alone.
struct BadInputTests {
    private static let noDeadline = "Failed: deadline is missing or invalid (Unix seconds)."

    @Test(arguments: [
        (#""endpoint":"/\ud800""#, "endpoint"), (#""headers":{"x":"a\udc00b"}"#, #"headers["x"]"#),
        (#""id":"b\ud83dx""#, "id"),
    ])
    func refusesWhatCouldNotComeBackOrBeSentAsItWasWritten(field: String, name: String) throws {
        let message = #"{"id":"a","deadline":5,"payload":{},\#(field)}"#
        #expect(try rejection(message).reason == "\(name): not Unicode text; it could not come back as it was written")
    }

    @Test
    func deadLettersAnIdThatIsNoTextAndKeepsOneThatHoldsTheReplacementCharacter() {
        let lone = #"{"id":"x\ud800y","deadline":5,"payload":{}}"#
        let reason = "id: not Unicode text; it could not come back as it was written"
        #expect(InboundRequest.decode(bytes(lone)) == .undecodable(reason: reason))
        let latin = bytes(#"{"id":"caf"#) + [0xE9] + bytes(#"","deadline":5,"payload":{}}"#)
        #expect(InboundRequest.decode(latin[...]) == .undecodable(reason: reason))
        for id in [#"\ufffd"#, "\u{FFFD}", #"\ud83d\ude00\ufffd"#] {
            guard case .request = InboundRequest.decode(bytes(#"{"id":"\#(id)","deadline":5,"payload":{}}"#)) else {
                Issue.record("\(id)")
                continue
            }
        }
    }

    @Test
    func passesOverAByteOrderMark() {
        guard
            case .request = InboundRequest.decode([0xEF, 0xBB, 0xBF] + bytes(#"{"id":"a","deadline":5,"payload":{}}"#))
        else {
            Issue.record("a byte order mark")
            return
        }
    }

    @Test(arguments: [
        (#""payload":{}"#, noDeadline), (#""payload":{},"deadline":null"#, noDeadline),
        (#""payload":{},"deadline":0"#, noDeadline), (#""payload":{},"deadline":"-5""#, noDeadline),
        (
            #""payload":{},"deadline":"soon""#,
            #"deadline: expected an integer or a string that holds one, within 64 bits; found "soon""#
        ),
        (
            #""payload":{},"deadline":1.0"#,
            #"deadline: expected an integer or a string that holds one, within 64 bits; found "1.0""#
        ),
        (
            #""payload":{},"deadline":1e9"#,
            #"deadline: expected an integer or a string that holds one, within 64 bits; found "1e9""#
        ),
        (
            #""payload":{},"deadline":9223372036854775808"#,
            #"deadline: expected an integer or a string that holds one, within 64 bits; found "9223372036854775808""#
        ),
        (
            #""payload":{},"deadline":" 5""#,
            #"deadline: expected an integer or a string that holds one, within 64 bits; found " 5""#
        ),
        (
            #""payload":{},"deadline":true"#,
            "deadline: expected an integer or a string that holds one, found a boolean"
        ),
        (#""deadline":5"#, "payload: missing"), (#""deadline":5,"payload":null"#, "payload: missing"),
        (#""deadline":5,"payload":[1]"#, "payload: expected an object or a base64 string, found an array"),
        (#""deadline":5,"payload":7"#, "payload: expected an object or a base64 string, found a number"),
        (#""deadline":5,"payload":"{}""#, "payload: expected an object or base64, found other text"),
        (
            #""deadline":5,"payload":"""#,
            "payload: its base64 does not stand for JSON: the text ends where a value should stand at byte 0"
        ),
        (
            #""deadline":5,"payload":"aGk=""#,
            "payload: its base64 does not stand for JSON: 'h' where a value should stand at byte 0"
        ),
        (#""deadline":5,"payload":{},"metadata":"x""#, "metadata: expected an object of strings, found a string"),
        (
            #""deadline":5,"payload":{},"metadata":{"a":{"b":1}}"#,
            #"metadata["a"]: expected a string, found an object"#
        ),
        (#""deadline":5,"payload":{},"headers":{"X-N":1}"#, #"headers["X-N"]: expected a string, found a number"#),
        (#""deadline":5,"payload":{},"headers":["a"]"#, "headers: expected an object of strings, found an array"),
        (#""deadline":5,"payload":{},"endpoint":5"#, "endpoint: expected a string, found a number"),
        (#""deadline":5,"payload":{},"retry_count":"1""#, "retry_count: expected an integer, found a string"),
    ])
    func rejectsWhatIsMissingOrOfTheWrongType(fields: String, reason: String) throws {
        #expect(try rejection(#"{"id":"a",\#(fields)}"#).reason == reason)
        #expect(try rejection(#"{\#(fields),"id":"a"}"#).id == "a")
    }

    @Test
    func namesTheFirstProblem() throws {
        #expect(try rejection(#"{"endpoint":1,"headers":2,"id":"a"}"#).reason.hasPrefix("endpoint:"))
    }

    @Test
    func cutsLongTextInReasons() throws {
        let deadline = String(repeating: "9", count: 5000)
        #expect(try rejection(#"{"id":"a","payload":{},"deadline":"\#(deadline)"}"#).reason.utf8.count < 200)
    }

    @Test(arguments: [
        ("", "not JSON: the text ends where a value should stand at byte 0"),
        ("garbage", "not JSON: 'g' where a value should stand at byte 0"),
        ("[]", "not a JSON object but an array"), ("null", "not a JSON object but null"),
        (#""text""#, "not a JSON object but a string"), ("17", "not a JSON object but a number"),
        ("{}", "id: missing"), (#"{"id":null,"deadline":5}"#, "id: missing"), (#"{"id":""}"#, "id: empty"),
        (#"{"id":17,"deadline":5,"payload":{}}"#, "id: expected a string, found a number"),
        (
            #"{"id":"a","deadline":5,"payload":{}}}"#,
            "not JSON: '}' where end of the text should stand at byte 36"
        ),
        (#"{"id":"a","deadline":5,"payload":{"x":tru}}"#, "not JSON: '}' where true should stand at byte 41"),
        (
            #"{"id":"a","deadline":5,"payload":{"x":1}"#,
            "not JSON: the text ends where ',' or '}' should stand at byte 40"
        ),
        ("[}", "not JSON: '}' where a value should stand at byte 1"),
    ])
    func cannotReadWhatIsNotJSONOrHasNoID(message: String, reason: String) throws {
        #expect(try deadLetterReason(message) == reason)
    }

    @Test
    func countsTheDepthOfThePayloadFromTheDocument() throws {
        func message(_ depth: Int) -> String {
            let open = String(repeating: #"{"a":"#, count: depth)
            return #"{"id":"a","deadline":5,"payload":\#(open)1\#(String(repeating: "}", count: depth))}"#
        }
        #expect(throws: Never.self) { try decodedRequest(message(511)) }
        #expect(try deadLetterReason(message(512)).hasPrefix("not JSON: nested deeper than 512"))
    }

    @Test
    func limitsThePayload() throws {
        let limits = RequestLimits(maxPayloadBytes: 12)
        func message(_ payload: String) -> String { #"{"id":"a","deadline":5,"payload":\#(payload)}"# }
        #expect(throws: Unexpected.self) {
            try rejection(message(#"{"a":"12345"}"#.replacing("5", with: "")), limits: limits)
        }
        #expect(
            try rejection(message(#"{"a":"12345"}"#), limits: limits).reason
                == "payload: 13 bytes are more than the limit of 12")
        // Twelve bytes, then thirteen, then many, as base64.
        #expect(throws: Unexpected.self) { try rejection(message(#""eyJhIjoiMTIzNCJ9""#), limits: limits) }
        #expect(
            try rejection(message(#""eyJhIjoiMTIzNDUifQ==""#), limits: limits).reason
                == "payload: 13 bytes are more than the limit of 12")
        #expect(
            try rejection(message(#""\#(String(repeating: "A", count: 400))""#), limits: limits).reason
                .hasSuffix("are more than the limit of 12"))
    }
}
