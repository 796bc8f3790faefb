import Messages
import Testing

struct RequestHeadersTests {
    private let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func merge(
        _ headers: [HeaderField], objective: String = "", metadata: [String: String] = [:], stage: [HeaderField] = []
    ) throws -> [HeaderField] {
        let message = InboundRequest(id: "a", deadline: 1, payload: [], headers: headers, metadata: metadata)
        return try RequestHeaders.merge(objective: objective, message: message, stage: stage)
    }

    @Test
    func sendsJSONByDefault() throws {
        #expect(try merge([]) == [HeaderField("Content-Type", "application/json")])
    }

    @Test
    func addsTheObjectiveAndTheMessagesHeaders() throws {
        let merged = try merge([HeaderField("x-a", "1")], objective: "obj")
        #expect(
            merged == [
                HeaderField("Content-Type", "application/json"), HeaderField("x-gateway-inference-objective", "obj"),
                HeaderField("x-a", "1"),
            ])
    }

    @Test
    func letsTheMessageOverrideWhateverTheCase() throws {
        let headers = [
            HeaderField("content-type", "text/x"), HeaderField("X-Gateway-Inference-Objective", "mine"),
            HeaderField("x-a", "1"), HeaderField("X-A", "2"),
            HeaderField("x-az", "3"), HeaderField("X-AZ", "4"),
        ]
        let expected = [headers[0], headers[1], headers[3], headers[5]]
        #expect(try merge(headers, objective: "obj") == expected)
    }

    @Test
    func letsTheStageOverrideAll() throws {
        let merged = try merge(
            [HeaderField("X-Fair", "me"), HeaderField("x-b", "b")], stage: [HeaderField("x-fair", "u1")])
        #expect(merged.dropFirst() == [HeaderField("x-fair", "u1"), HeaderField("x-b", "b")])
    }

    @Test(arguments: ["Host", "host", "Content-Length", "CONTENT-LENGTH"])
    func dropsWhatTheClientSetsItself(name: String) throws {
        #expect(try merge([HeaderField(name, "evil")]).count == 1)
    }

    @Test(arguments: [
        "Transfer-Encoding", "connection", "TE", "Trailer", "Upgrade", "Expect", "Keep-Alive", "Proxy-Connection",
        "proxy-authorization", "HTTP2-Settings",
    ])
    func rejectsWhatBelongsToTheConnection(name: String) {
        #expect(throws: InvalidRequest("headers: \(name) belongs to the connection, not to the request")) {
            try merge([HeaderField(name, "x")])
        }
    }

    @Test(arguments: ["", "bad name", "a:b", ":path", "a\r\nb", "é", "a\u{0}", "a(b)", "a\"", "a/b", "a\t"])
    func rejectsNamesThatAreNoTokens(name: String) {
        #expect {
            try merge([HeaderField(name, "x")])
        } throws: {
            "\($0)" == "headers: \(name.debugDescription) is not a header name"
        }
    }

    @Test
    func saysWhatIsWrongWithoutWhatWouldDriveATerminal() {
        #expect(throws: InvalidRequest(#"headers: "a\u009b\u202eb" is not a header name"#)) {
            try merge([HeaderField("a\u{9B}\u{202E}b", "x")])
        }
    }

    @Test(arguments: ["a\r\nHost: evil", "a\nb", "a\rb", "a\u{0}", "\u{1}", "a\u{7F}", "a\u{1B}[0m"])
    func rejectsValuesWithControlCharacters(value: String) {
        #expect(throws: InvalidRequest("headers: the value of x-a holds a control character")) {
            try merge([HeaderField("x-a", value)])
        }
    }

    @Test(arguments: [
        ("a b\tc", "a b\tc"), (" \ta ", "a"), ("", ""), ("  ", ""), ("é漢", "é漢"), ("\"q\"; x=1", "\"q\"; x=1"),
    ])
    func takesOtherValuesWithoutTheSpaceAround(written: String, sent: String) throws {
        #expect(try merge([HeaderField("x-a", written)]).last == HeaderField("x-a", sent))
    }

    @Test
    func takesAnyToken() throws {
        let name = "!#$%&'*+-.^_`|~09azAZ"
        #expect(try merge([HeaderField(name, "1")]).last?.name == name)
    }

    @Test
    func limitsTheirNumber() {
        let headers = (0..<257).map { HeaderField("x-\($0)", "1") }
        #expect(throws: Never.self) { try merge(Array(headers.dropLast())) }
        #expect(throws: InvalidRequest("headers: 257 are more than 256")) { try merge(headers) }
    }

    @Test
    func takesTheTraceFromTheMetadata() throws {
        let merged = try merge([], metadata: ["traceparent": trace, "tracestate": "a=b", "other": "x"])
        #expect(merged.dropFirst() == [HeaderField("traceparent", trace), HeaderField("tracestate", "a=b")])
    }

    @Test
    func prefersTheTraceOfTheHeaders() throws {
        let merged = try merge(
            [HeaderField("Traceparent", "mine")], metadata: ["traceparent": trace, "tracestate": "a=b"])
        #expect(merged.dropFirst() == [HeaderField("Traceparent", "mine")])
    }

    @Test(arguments: [
        "", "x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nA: b",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
    ])
    func ignoresMetadataThatIsNoTrace(parent: String) throws {
        #expect(try merge([], metadata: ["traceparent": parent, "tracestate": "a=b"]).count == 1)
    }

    @Test
    func passesOnTracesOfLaterVersions() throws {
        #expect(try merge([], metadata: ["traceparent": "01" + trace.dropFirst(2) + "-more"]).count == 2)
    }

    @Test
    func leavesOutATraceStateThatCannotBePassedOn() throws {
        let long = "a=" + String(repeating: "b", count: 511)
        for state in ["a\nb", "a\u{0}", long, String(repeating: long, count: 10_000)] {
            #expect(try merge([], metadata: ["traceparent": trace, "tracestate": state]).count == 2)
            let merged = try merge([HeaderField("Traceparent", trace), HeaderField("TraceState", state)])
            #expect(merged.dropFirst() == [HeaderField("Traceparent", trace)])
        }
    }

    @Test
    func passesOnATraceStateOf512Bytes() throws {
        let state = HeaderField("tracestate", "a=" + String(repeating: "b", count: 510))
        #expect(try merge([HeaderField("traceparent", trace), state]).last == state)
        #expect(try merge([], metadata: ["traceparent": trace, "tracestate": state.value]).last == state)
    }

    @Test(arguments: ["\n", "\u{1B}[2J", "-" + String(repeating: "x", count: 500)])
    func takesATraceParentThatCannotBePassedOnForNone(end: String) throws {
        let bad = HeaderField("TraceParent", trace + end)
        #expect(try merge([bad]).count == 1)
        #expect(try merge([HeaderField("traceparent", trace), bad]).last == HeaderField("traceparent", trace))
        #expect(
            try merge([bad, HeaderField("tracestate", "c=d")], metadata: ["traceparent": trace]).dropFirst()
                == [HeaderField("traceparent", trace)], "a state belongs to its parent")
        #expect(try merge([], metadata: ["traceparent": "01" + bad.value.dropFirst(2)]).count == 1)
    }

    @Test
    func leavesOutBaggageThatCannotBePassedOn() throws {
        let baggage = HeaderField("baggage", String(repeating: "x", count: 8192))
        #expect(try merge([baggage]).last == baggage)
        for value in [baggage.value + "x", "a\nb"] {
            #expect(try merge([HeaderField("Baggage", value)]).count == 1)
        }
    }
}
