import Testing

@testable import Messages

struct TraceContextTests {
    private static let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test
    func readsWhatItWrites() throws {
        let trace = try #require(TraceContext(traceparent: Self.text, state: "a=b"))
        #expect(trace.traceID == TraceID(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C))
        #expect(trace.spanID == SpanID(0xB7AD_6B71_6920_3331))
        #expect(trace.flags == 1)
        #expect(trace.state == "a=b")
        #expect(trace.isSampled)
        #expect(trace.traceparent == Self.text)
        var small = trace
        small.flags = 2
        small.traceID = try #require(TraceID(high: 0, low: 10))
        #expect(small.traceparent == "00-0000000000000000000000000000000a-b7ad6b7169203331-02")
        #expect(!small.isSampled)
    }

    @Test(arguments: [
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what comes later",
    ])
    func readsWhatLaterVersionsBeginWith(text: String) {
        #expect(TraceContext(traceparent: text)?.traceparent == Self.text)
    }

    @Test(arguments: [
        "", "00", "hello", text + "-more", text + "0", String(text.dropLast()), text.uppercased(),
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "00-0af7651916cd43dd8448eb211c80319C-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        "é0-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033-01",
    ])
    func takesNothingElseForOne(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test(arguments: ["a=" + String(repeating: "b", count: 511), "a\nb", "\u{1B}"])
    func keepsNoStateThatIsNotPassedOn(state: String) throws {
        let longest = "a=" + String(repeating: "b", count: 510)
        #expect(TraceContext(traceparent: Self.text, state: longest)?.state == longest)
        #expect(TraceContext(traceparent: Self.text, state: state)?.state == "")
        #expect(TraceContext(metadata: ["traceparent": Self.text, "tracestate": state])?.state == "")
        let headers = [HeaderField("traceparent", Self.text), HeaderField("tracestate", state)]
        #expect(TraceContext(headers: headers)?.state == "")
    }

    @Test
    func findsItInHeadersWhateverTheirCase() {
        let headers = [
            HeaderField("x", "y"), HeaderField("TraceParent", Self.text), HeaderField("TRACESTATE", "a=b"),
        ]
        #expect(TraceContext(headers: headers)?.state == "a=b")
        #expect(TraceContext(headers: [HeaderField("tracestate", "a=b")]) == nil)
        #expect(TraceContext(headers: [HeaderField("traceparent", "no")]) == nil)
    }

    @Test
    func findsItInMetadata() {
        #expect(TraceContext(metadata: ["traceparent": Self.text, "tracestate": "c=d"])?.state == "c=d")
        #expect(TraceContext(metadata: ["tracestate": "c=d"]) == nil)
    }

    @Test
    func takesThePlaceOfTheOneThatHeadersName() throws {
        let trace = try #require(TraceContext(traceparent: Self.text))
        var headers = [HeaderField("Traceparent", "old"), HeaderField("x", "y")]
        headers.carry(trace)
        #expect(headers == [HeaderField("Traceparent", Self.text), HeaderField("x", "y")])
        var none: [HeaderField] = []
        none.carry(trace)
        #expect(none == [HeaderField("traceparent", Self.text)])
    }
}
