import Messages
import Tracing

/// Writes spans as an `ExportTraceServiceRequest`.
///
/// Source: opentelemetry-proto 1.9, `trace.proto`, `resource.proto` and `common.proto`; the numbers are those of the fields
/// there.
struct SpanEncoder: Sendable {
    /// What is said of the process.
    let resource: [(name: String, value: String)]
    /// Of the program.
    let version: String

    private static let schema = "https://opentelemetry.io/schemas/1.41.0"

    func encode(_ spans: some Sequence<EndedSpan>) -> [UInt8] {
        var request = ProtobufWriter()
        request.message(1) { resourceSpans in
            resourceSpans.message(1) { resource in
                for (name, value) in self.resource { resource.attribute(1, name, .string(value)) }
            }
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(1) { scope in
                    scope.text(1, "async-processor")
                    scope.text(2, version)
                }
                for span in spans { scopeSpans.message(2) { $0.write(span) } }
                scopeSpans.text(3, Self.schema)
            }
            resourceSpans.text(3, Self.schema)
        }
        return request.bytes
    }
}

extension ProtobufWriter {
    fileprivate mutating func write(_ span: EndedSpan) {
        big(1, span.trace.traceID.high, span.trace.traceID.low)
        big(2, span.trace.spanID.number)
        if !span.trace.state.isEmpty { text(3, span.trace.state) }
        if let parent = span.parent { big(4, parent.number) }
        text(5, span.name)
        number(6, span.kind.number)
        fixed64(7, span.start)
        fixed64(8, span.end)
        attributes(9, span.attributes)
        for event in span.events {
            message(11) { writer in
                writer.fixed64(1, event.nanosecondsSinceEpoch)
                writer.text(2, event.name)
                writer.attributes(3, event.attributes)
            }
        }
        for link in span.links {
            guard let trace = link.context.trace else { continue }
            message(13) { writer in
                writer.big(1, trace.traceID.high, trace.traceID.low)
                writer.big(2, trace.spanID.number)
                if !trace.state.isEmpty { writer.text(3, trace.state) }
                writer.attributes(4, link.attributes)
                writer.fixed32(6, UInt32(trace.flags))
            }
        }
        if let status = span.status {
            message(15) { writer in
                if let text = status.message { writer.text(2, text) }
                writer.number(3, status.code == .ok ? 1 : 2)
            }
        }
        fixed32(16, UInt32(span.trace.flags))
    }

    fileprivate mutating func attributes(_ field: Int, _ attributes: SpanAttributes) {
        attributes.forEach { attribute(field, $0, $1) }
    }

    /// A `KeyValue`.
    fileprivate mutating func attribute(_ field: Int, _ name: String, _ value: SpanAttribute) {
        message(field) { pair in
            pair.text(1, name)
            pair.message(2) { $0.value(value) }
        }
    }

    /// The field of an `AnyValue`.
    private mutating func value(_ value: SpanAttribute) {
        switch value {
        case .string(let text): self.text(1, text)
        case .bool(let isTrue): number(2, isTrue ? 1 : 0)
        case .int32(let number): self.number(3, UInt64(bitPattern: Int64(number)))
        case .int64(let number): self.number(3, UInt64(bitPattern: number))
        case .double(let number): double(4, number)
        case .stringArray(let texts): array(texts.map { .string($0) })
        case .int32Array(let numbers): array(numbers.map { .int32($0) })
        case .int64Array(let numbers): array(numbers.map { .int64($0) })
        case .doubleArray(let numbers): array(numbers.map { .double($0) })
        case .boolArray(let values): array(values.map { .bool($0) })
        case .stringConvertible(let value): text(1, "\(value)")
        case .stringConvertibleArray(let values): array(values.map { .string("\($0)") })
        default: text(1, "")
        }
    }

    private mutating func array(_ values: [SpanAttribute]) {
        message(5) { array in
            for value in values { array.message(1) { $0.value(value) } }
        }
    }
}

extension SpanKind {
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
