import Messages
import Testing
import Tracing

@testable import PipelineTracing

struct SpanSizeTests {
    @Test
    func isNoLessThanWhatIsSent() throws {
        var one = try span("work")
        let text = String(repeating: "é", count: 500)
        one.attributes = [
            "text": .string(text), "texts": .stringArray([text, "b"]), "n": 1, "is": true, "part": 0.5,
            "n32": .int32Array([-1, 2]), "n64": .int64Array([.min, 2]), "d": .doubleArray([1, 2]),
            "b": .boolArray([true, false]), "c": .stringConvertible(text), "cs": .stringConvertibleArray([text, 1]),
        ]
        one.events = [SpanEvent(name: "seen", attributes: ["reason": .string(text)]), SpanEvent(name: text)]
        let state = String(repeating: "s", count: 512)
        let trace = TraceContext(
            traceID: one.trace.traceID, spanID: one.trace.spanID, flags: 1, state: state)
        one.links = [SpanLink(context: .child(of: trace), attributes: ["link": .string(text)])]
        one.status = SpanStatus(code: .error, message: text)
        for span in [one, try span("small")] {
            let encoder = SpanEncoder(resource: [], version: "")
            let sent = encoder.encode([span]).count - encoder.encode([]).count
            #expect(span.size >= sent)
            #expect(span.size < sent + 1000)
        }
    }
}
