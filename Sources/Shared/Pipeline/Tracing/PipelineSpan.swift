package import Messages
import Synchronization
package import Tracing

/// A span that has ended, for the exporter.
package struct EndedSpan: Sendable {
    /// Its own place.
    package let trace: TraceContext
    package let parent: SpanID?
    package var name: String
    package let kind: SpanKind
    /// Nanoseconds since 1970; it never ends before it has begun, whatever the clock says.
    package let start: UInt64
    package var end: UInt64
    package var attributes = SpanAttributes()
    package var events: [SpanEvent] = []
    package var links: [SpanLink] = []
    package var status: SpanStatus?

    package init(trace: TraceContext, parent: SpanID?, name: String, kind: SpanKind, start: UInt64) {
        self.trace = trace
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        end = start
    }
}

/// Something that a stage does for a request, from its begin to its end.
package final class PipelineSpan: Tracing.Span {
    /// Its own place in its trace.
    package let trace: TraceContext
    /// `nil` where it is not recorded, and once it has ended.
    private let record: Mutex<EndedSpan?>
    private let onEnd: @Sendable (EndedSpan) -> Void

    /// Of events and links each; what comes later is left out.
    private static let mostParts = 32

    init(_ record: EndedSpan, isRecorded: Bool, onEnd: @escaping @Sendable (EndedSpan) -> Void) {
        trace = record.trace
        self.record = Mutex(isRecorded ? record : nil)
        self.onEnd = onEnd
    }

    package var context: InstrumentationContext { .child(of: trace) }
    package var isRecording: Bool { record.withLock { $0 != nil } }

    package var operationName: String {
        get { record.withLock { $0?.name ?? "" } }
        set { record.withLock { $0?.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { record.withLock { $0?.attributes ?? [:] } }
        set { record.withLock { $0?.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { record.withLock { $0?.status = status } }

    package func addEvent(_ event: SpanEvent) {
        record.withLock { record in
            if record.map({ $0.events.count < Self.mostParts }) == true { record?.events.append(event) }
        }
    }

    package func addLink(_ link: SpanLink) {
        record.withLock { record in
            if record.map({ $0.links.count < Self.mostParts }) == true { record?.links.append(link) }
        }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = boundedText("\(error)")
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard var ended = record.withLock({ $0.take() }) else { return }
        ended.end = max(ended.start, instant().nanosecondsSinceEpoch)
        onEnd(ended)
    }
}

extension DefaultTracerClock.Timestamp {
    /// - Parameter milliseconds: since 1970.
    package init(milliseconds: Int64) {
        let (nanoseconds, isTooMany) = UInt64(clamping: milliseconds).multipliedReportingOverflow(by: 1_000_000)
        self.init(nanosecondsSinceEpoch: isTooMany ? .max : nanoseconds)
    }

    /// So much later, or as late as can be said.
    package func advanced(milliseconds: Int64) -> DefaultTracerClock.Timestamp {
        let delay = Self(milliseconds: milliseconds).nanosecondsSinceEpoch
        let (sum, isTooMuch) = nanosecondsSinceEpoch.addingReportingOverflow(delay)
        return Self(nanosecondsSinceEpoch: isTooMuch ? .max : sum)
    }
}

/// `text`, cut where it is longer than anybody reads: much of it comes from outside.
package func boundedText(_ text: String) -> String {
    text.utf8.count <= 1024 ? text : String(decoding: text.utf8.prefix(1024), as: UTF8.self) + "…"
}
