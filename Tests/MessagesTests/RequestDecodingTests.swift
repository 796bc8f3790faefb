import Foundation
import Messages
import Testing

struct RequestDecodingTests {
    @Test
    func readsTheUserGuidesMessage() throws {
        let message =
            #"{"id" : "testmsg", "payload":{ "model":"food-review-1", "prompt":"Hi, good morning "}, "deadline" :"23472348233323" }"#
        let request = try decodedRequest(message)
        #expect(request.id == "testmsg")
        #expect(request.deadline == 23_472_348_233_323)
        #expect(request.payload.text == #"{ "model":"food-review-1", "prompt":"Hi, good morning "}"#)
        #expect(request.model == "food-review-1")
        #expect(!request.isBase64)
        #expect(request.endpoint == nil && request.headers.isEmpty && request.metadata.isEmpty)
        #expect(request.routing == Routing())
    }

    @Test(arguments: [
        #"{"seed":9007199254740993,"t":1.0,"e":1E5}"#, #"{"b":1,"a":2,"a":3}"#, "{\n  \"a\" :\t[ 1 , 2 ]\r\n}", "{}",
        #"{"s":"\u0041\/\ud800<>&"}"#, #"{"id":"inner","deadline":"x","payload":5}"#,
    ])
    func keepsThePayloadAsWritten(payload: String) throws {
        let request = try decodedRequest(#" { "payload": \#(payload) , "id":"a", "deadline":1} "#)
        #expect(request.payload.text == payload)
    }

    @Test(arguments: [
        (#"{"prompt":"x","model":"a/b é"}"#, "a/b é"), (#"{"model":"a","model":"\u0062"}"#, "b"),
        (#"{"inner":{"model":"a"}}"#, nil), (#"{"model":5}"#, nil), (#"{"model":"a","model":null}"#, nil),
        (#"{"model":""}"#, nil), (#"{"model":"a\nb"}"#, nil), (#"{"model":"\ud800"}"#, nil), (#"{"Model":"a"}"#, nil),
        (#"{"model":"\#(String(repeating: "x", count: 256))"}"#, String(repeating: "x", count: 256)),
        (#"{"model":"\#(String(repeating: "x", count: 257))"}"#, nil),
    ])
    func knowsTheModelIfItCanBeAName(payload: String, model: String?) throws {
        #expect(try decodedRequest(#"{"id":"a","deadline":5,"payload":\#(payload)}"#).model == model)
        let base64 = Data(payload.utf8).base64EncodedString()
        #expect(try decodedRequest(#"{"id":"a","deadline":5,"payload":"\#(base64)"}"#).model == model)
        #expect(try decodedRequest(#"{"id":"a","deadline":5,"payload":\#(payload)}"#).payload.text == payload)
    }

    @Test
    func keepsPayloadBytesThatAreNotUTF8() throws {
        let message = bytes(#"{"id":"a","deadline":1,"payload":{"p":""#) + [0xFF, 0xFE] + bytes(#""}}"#)
        let decoded = InboundRequest.decode(message)
        guard case .request(let request) = decoded else { throw Unexpected(decoded: decoded) }
        #expect(Array(request.payload) == Array(bytes(#"{"p":""#)) + [0xFF, 0xFE] + Array(bytes(#""}"#)))
    }

    @Test(arguments: [
        ("1764045130", 1_764_045_130), (#""1764045130""#, 1_764_045_130), (#""+5""#, 5),
        ("9223372036854775807", Int64.max),
        (#""9223372036854775807""#, Int64.max), (#""9999999999""#, 9_999_999_999), (#""\u0035""#, 5), (#""007""#, 7),
    ])
    func takesDeadlinesAsNumbersAndAsStrings(written: String, deadline: Int64) throws {
        #expect(try decodedRequest(#"{"id":"a","payload":{},"deadline":\#(written)}"#).deadline == deadline)
    }

    @Test
    func readsAllFieldsOfAFlatMessage() throws {
        let request = try decodedRequest(
            #"""
            {"id":"a","deadline":5,"payload":{},"created":"any","metadata":{"team":"x","n":null},
             "headers":{"X-A":"1","x-a":"2"},"endpoint":"/v1/chat","retry_count":3,"unknown":[{}],"internal":7}
            """#)
        #expect(request.metadata == ["team": "x"])
        #expect(request.headers == [HeaderField("X-A", "1"), HeaderField("x-a", "2")])
        #expect(request.endpoint == "/v1/chat")
        #expect(request.routing.retryCount == 3)
    }

    @Test
    func findsFieldsWhateverTheirCase() throws {
        let request = try decodedRequest(#"{"ID":"a","DeadLine":5,"PAYLOAD":{},"Retry_Count":1,"p\u0061yload2":1}"#)
        #expect(request.id == "a")
        #expect(request.deadline == 5)
        #expect(request.routing.retryCount == 1)
    }

    @Test
    func findsFieldsWrittenWithEscapes() throws {
        #expect(try decodedRequest(#"{"\u0069d":"a","deadline":5,"payl\u006fad":{}}"#).id == "a")
    }

    @Test
    func takesTheLastOfSeveral() throws {
        let request = try decodedRequest(
            #"{"id":"a","ID":"b","deadline":5,"deadline":"6","payload":{"a":1},"payload":{},"metadata":{"k":"1","k":"2"}}"#
        )
        #expect(request.id == "b")
        #expect(request.deadline == 6)
        #expect(request.payload.text == "{}")
        #expect(request.metadata == ["k": "2"])
    }

    @Test
    func treatsNullAsAbsent() throws {
        let request = try decodedRequest(
            #"{"id":"a","id":null,"deadline":5,"payload":{},"metadata":null,"headers":null,"endpoint":null,"retry_count":null,"request_kind":null}"#
        )
        #expect(request == InboundRequest(id: "a", deadline: 5, payload: bytes("{}")))
    }

    @Test
    func keepsAFieldThatIsNullTheSecondTime() throws {
        let fields =
            #""id":"a","deadline":5,"payload":{},"metadata":{"k":"1"},"headers":{"h":"1"},"endpoint":"/x","retry_count":2"#
        let nulls = ["id", "deadline", "payload", "metadata", "headers", "endpoint", "retry_count"]
            .map { #""\#($0)":null"# }.joined(separator: ",")
        #expect(try decodedRequest("{\(fields),\(nulls)}") == decodedRequest("{\(fields)}"))
        let kind =
            #""request_kind":"plain","internal":{"queue_id":"q","queue_id":null,"labels":{"a":"b"},"labels":null}"#
        let envelope = try decodedRequest(
            "{\(kind),\"request_kind\":null,\"internal\":null,\"data\":{\(fields),\(nulls)}}")
        #expect(envelope.routing == Routing(retryCount: 2, queueID: "q", labels: ["a": "b"]))
    }

    @Test
    func treatsAnEmptyEndpointAsAbsent() throws {
        #expect(try decodedRequest(#"{"id":"a","deadline":5,"payload":{},"endpoint":""}"#).endpoint == nil)
    }

    @Test(arguments: [("-3", 0), ("9223372036854775807", 1 << 30), ("0", 0)])
    func keepsRetryCountsWithinReason(written: String, count: Int) throws {
        let request = try decodedRequest(#"{"id":"a","deadline":5,"payload":{},"retry_count":\#(written)}"#)
        #expect(request.routing.retryCount == count)
    }

    @Test(arguments: [#"{"model":"m"}"#, #" [1, 2] "#, "5", #""text""#])
    func decodesPayloadsInBase64(document: String) throws {
        var base64: [UInt8] = []
        Base64.append(bytes(document), to: &base64)
        let request = try decodedRequest(#"{"id":"a","deadline":"5","payload":"\#(base64.text)"}"#)
        #expect(request.payload.text == document)
        #expect(request.isBase64)
    }

    @Test
    func decodesBase64WithEscapedSlashes() throws {
        let request = try decodedRequest(#"{"id":"a","deadline":5,"payload":"eyJhIjoiPz8\/In0="}"#)
        #expect(request.payload.text == #"{"a":"???"}"#)
    }
}
