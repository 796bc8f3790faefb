import GatewaySimulator
import Messages
import Testing

@testable import Apctl

struct RequestLineTests {
    @Test(arguments: [
        // The payload's bytes stay as they are, whatever stands around them.
        (#"{"id":"a","payload":{"x": 1.0,"x":2}}"#, #"{"deadline":99,"id":"a","payload":{"x": 1.0,"x":2}}"#),
        (#"  { "id":"a" , "payload" : "e30=" } "#, #"  {"deadline":99, "id":"a" , "payload" : "e30=" } "#),
        ("{}", #"{"deadline":99}"#), ("{ }", #"{"deadline":99 }"#),
        // What names a deadline keeps it, even one that makes no sense: the pipeline says so.
        (#"{"deadline":"5","id":"a"}"#, #"{"deadline":"5","id":"a"}"#), (#"{"deadline":null}"#, #"{"deadline":null}"#),
        (#"{"payload":{"deadline":1}}"#, #"{"deadline":99,"payload":{"deadline":1}}"#),
        // The tagged envelope has its deadline inside.
        (#"{"request_kind":"x","data":{}}"#, #"{"request_kind":"x","data":{}}"#),
        // What is no request goes on as it is.
        ("not json", "not json"), ("[1]", "[1]"), (#"{"id":"a""#, #"{"id":"a""#),
    ])
    func givesRequestsADeadlineAndTouchesNothingElse(line: String, request: String) {
        let read = RequestLine(bytes(line), deadline: 99)
        #expect(read.format == .request)
        #expect(String(decoding: read.request, as: UTF8.self) == request)
    }

    @Test
    func turnsABatchLineIntoARequestWithTheSameBodyBytes() {
        let body = #"{ "model":"m",  "n": 1e2, "text":"\u00e9é" }"#
        let line = #"{"custom_id":"a\"1","method":"POST","url":"\/v1/chat/completions","body":\#(body)}"#
        let read = RequestLine(bytes(line), deadline: 99)
        #expect(read.format == .batch)
        #expect(
            String(decoding: read.request, as: UTF8.self)
                == #"{"id":"a\"1","deadline":99,"endpoint":"\/v1/chat/completions","payload":\#(body)}"#)
        #expect(RequestLine.format(of: bytes(line), after: .request) == .batch)
    }

    @Test(arguments: [
        (
            #"{"id":"a","payload":{"messages":[]}}"#,
            #"{"deadline":99,"endpoint":"/o/v1/chat/completions","id":"a","payload":{"messages":[]}}"#
        ),
        (
            #"{"id":"a","payload":{"input":""}}"#,
            #"{"deadline":99,"endpoint":"/o/v1/embeddings","id":"a","payload":{"input":""}}"#
        ),
        (#"{"id":"a","payload":"e30="}"#, #"{"deadline":99,"endpoint":"/o/v1/completions","id":"a","payload":"e30="}"#),
        (#"{"endpoint" : "/v1/rerank","id":"a"}"#, #"{"deadline":99,"endpoint" : "/o/v1/rerank","id":"a"}"#),
        (#"{"endpoint":"\/o/v1/rerank","id":"a"}"#, #"{"deadline":99,"endpoint":"\/o/v1/rerank","id":"a"}"#),
        (#"{"id":"a","endpoint":null,"deadline":1}"#, #"{"id":"a","endpoint":"/o/v1/completions","deadline":1}"#),
        (
            #"{"custom_id":"a","url":"/v1/responses","body":{}}"#,
            #"{"id":"a","deadline":99,"endpoint":"/o/v1/responses","payload":{}}"#
        ),
        (#"{"request_kind":"x","data":{}}"#, #"{"request_kind":"x","data":{}}"#), ("[1]", "[1]"),
    ])
    func findsTheEndpointBelowTheBaseOfAGateway(line: String, request: String) throws {
        let read = RequestLine(bytes(line), deadline: 99, gateway: try GatewayAddress("http://gpu/o/v1"))
        #expect(String(decoding: read.request, as: UTF8.self) == request)
    }

    @Test(arguments: [
        (#"{"custom_id":1,"url":"/x","body":{}}"#, "custom_id must be a string that is not empty"),
        (#"{"custom_id":"","url":"/x","body":{}}"#, "custom_id must be a string that is not empty"),
        (#"{"custom_id":"a","method":"GET","url":"/x","body":{}}"#, "method must be \"POST\""),
        (
            #"{"custom_id":"a","url":"http://elsewhere/","body":{}}"#,
            "url must be a path such as \"/v1/chat/completions\""
        ),
        (#"{"custom_id":"a","url":"/x","body":"{}"}"#, "body must be an object"),
        (#"{"custom_id":"a","url":"/x"}"#, "body must be an object"),
    ])
    func saysWhatIsWrongWithABatchLine(line: String, reason: String) {
        let read = RequestLine(bytes(line), deadline: 99)
        #expect(read == RequestLine(bytes(line), deadline: 1), "goes on the queue as it is")
        #expect(read.format == .batch)
        #expect(String(decoding: read.request, as: UTF8.self) == line)
        #expect(BatchLine.fault(in: bytes(line)) == reason)
    }

    @Test(arguments: [
        (#"{"id":"a","custom_id":"b","payload":{}}"#, RequestLine.Format.request),
        (#"{"id":"a","payload":{"custom_id":"b"}}"#, .request), (#"{"custom_id":"b"}"#, .batch),
        ("custom_id", .request),
        (#"{"custom_id":"a","method":"POST","url":"/x","body":{},"id":"zz"}"#, .batch),
        (#"{"custom_id":"a","url":"/x","body":{},"id":null}"#, .batch),
        (#"{"id":"a","custom_id":"b","body":{},"payload":{}}"#, .request),
    ])
    func tellsTheFormats(line: String, format: RequestLine.Format) {
        #expect(RequestLine.format(of: bytes(line), after: .request) == format)
        #expect(RequestLine(bytes(line), deadline: 1).format == format)
    }

    @Test(arguments: [
        (#"{"custom_id":"a","body":{"t":NaN}}"#, #""a""#), (#"{"custom_id" : "a\u0000\"b", "x":1,}"#, #""a\u0000\"b""#),
        (#"{"body":{"a":[,]},"custom_id":17}"#, "17"), (#"{"custom_id":{"a":1}}"#, nil),
        (#"{"custom_id":"never ends"#, nil),
        (#"{"id":"made of it","deadline":1}"#, #""made of it""#), (#"{"custom_id":"a","body":{},"id":"zz"}"#, #""a""#),
        (#"{"custom_id":"x\ud800y"}"#, #""x\ud800y""#),
        (String(repeating: #"{"custom_id":"deep","a":"#, count: 600), #""deep""#),
    ])
    func findsTheIdOfABatchLineThatCannotBeRead(line: String, id: String?) {
        #expect(BatchLine.customID(of: bytes(line)).map { String(decoding: $0, as: UTF8.self) } == id)
    }

    @Test
    func takesALineThatCannotBeReadForOneOfTheFormatAroundIt() {
        let broken = bytes("{,}")
        #expect(RequestLine(broken, deadline: 1, after: .batch).format == .batch)
        #expect(RequestLine(broken, deadline: 1, after: .request).format == .request)
        #expect(RequestLine(bytes(#"{"custom_id":"a",}"#), deadline: 1, after: .request).format == .batch)
        var formats = LineFormats()
        for line in [#"{"custom_id":"a"}"#, "{,}", #"{"id":"a"}"#, "{,}"] { formats.add(bytes(line)) }
        #expect((1...4).map(formats.isBatch) == [true, true, false, false])
    }

    private func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }
}
