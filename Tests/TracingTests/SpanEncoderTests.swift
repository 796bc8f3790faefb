import Messages
import Testing
import Tracing

@testable import PipelineTracing

/// Byte for byte for what is small; what is large is read back by the collector of the end-to-end tests.
struct SpanEncoderTests {
    @Test
    func writesFieldsAsProtocolBuffersDo() {
        var writer = ProtobufWriter()
        writer.number(1, 150)
        writer.text(2, "testing")
        writer.fixed32(3, 1)
        writer.fixed64(4, 1 << 56)
        writer.double(5, 1)
        writer.big(16, 0x0102_0304_0506_0708)
        #expect(
            writer.bytes == [
                0x08, 0x96, 0x01, 0x12, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x1D, 1, 0, 0, 0,
                0x21, 0, 0, 0, 0, 0, 0, 0, 1, 0x29, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x82, 0x01, 8, 1, 2, 3, 4, 5, 6, 7, 8,
            ])
    }

    @Test(arguments: [0, 1, 125, 126, 127, 128, 129, 20_000, 3_000_000])
    func writesTheLengthOfMessages(length: Int) throws {
        let text = String(repeating: "x", count: length)
        var writer = ProtobufWriter()
        writer.message(3) { outer in
            outer.message(4) { $0.text(1, text) }
            outer.number(5, 6)
        }
        writer.number(7, 8)
        var reader = ProtobufReader(writer.bytes[...])
        guard case .bytes(3, let outer)? = reader.next() else {
            Issue.record("no message")
            return
        }
        #expect(reader.next() == .number(7, 8))
        #expect(reader.isAtEnd)
        var inside = ProtobufReader(outer)
        guard case .bytes(4, let inner)? = inside.next() else {
            Issue.record("no message in the message")
            return
        }
        #expect(inside.next() == .number(5, 6))
        #expect(inside.isAtEnd)
        var innermost = ProtobufReader(inner)
        #expect(innermost.next() == .bytes(1, Array(text.utf8)[...]))
        #expect(innermost.isAtEnd)
    }

    @Test
    func writesEachSpanAndTheProcessOnce() throws {
        let encoder = SpanEncoder(resource: [("service.name", "s"), ("host.name", "h")], version: "1")
        let bytes = encoder.encode([try span("one"), try span("two")])
        var request = ProtobufReader(bytes[...])
        guard case .bytes(1, let resourceSpans)? = request.next() else {
            Issue.record("no ResourceSpans")
            return
        }
        #expect(request.isAtEnd)
        let parts = fields(resourceSpans)
        #expect(parts.map(\.number) == [1, 2, 3])
        #expect(fields(parts[0].bytes).map(\.number) == [1, 1])
        let scope = fields(parts[1].bytes)
        #expect(scope.map(\.number) == [1, 2, 2, 3])
        let names = scope[1...2].map { fields($0.bytes).first { $0.number == 5 }?.bytes }
        #expect(names == [Array("one".utf8)[...], Array("two".utf8)[...]])
    }

    @Test
    func writesNothingForValuesThatHaveNoPlace() throws {
        var span = try span("odd")
        span.links = [SpanLink(context: .topLevel, attributes: [:])]
        let encoder = SpanEncoder(resource: [], version: "1")
        let scope = fields(fields(fields(encoder.encode([span])[...])[0].bytes)[1].bytes)
        #expect(!fields(scope[1].bytes).contains { $0.number == 13 }, "a link to nothing")
    }

    private func fields(_ bytes: Bytes) -> [(number: Int, bytes: Bytes)] {
        var reader = ProtobufReader(bytes)
        var fields: [(Int, Bytes)] = []
        while let field = reader.next() {
            if case .bytes(let number, let bytes) = field { fields.append((number, bytes)) }
        }
        #expect(reader.isAtEnd)
        return fields
    }
}
