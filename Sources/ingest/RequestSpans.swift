import Messages
import PipelineTracing
import Queue
import Tracing

/// Records what this process holds requests for, of those whose traces are recorded, and names that span in their headers:
/// what the other stages record is below it.
struct RequestSpans: Sendable {
    let tracer: PipelineTracer

    /// Begins the span of a request that has just been leased; `nil` where its trace is not recorded.
    ///
    /// A trace that the producer has begun goes on. Without one the request has a trace of its own, the same for all its
    /// attempts. A message without an id has none: nothing would tell it from others.
    ///
    /// - Parameter metadata: of the message, where a producer may name its trace as well as in the headers.
    func begin(_ envelope: inout Envelope, metadata: [String: String], queue: QueueSettings) -> PipelineSpan? {
        guard !envelope.id.isEmpty else { return nil }
        passOnBaggage(metadata, in: &envelope)
        let parent = TraceContext(headers: envelope.headers) ?? TraceContext(metadata: metadata)
        let trace = parent?.traceID ?? envelope.ownTrace
        guard tracer.sampler.records(trace, parent: parent) else { return nil }
        let leased = DefaultTracerClock.Timestamp(milliseconds: envelope.leasedAt)
        let span = tracer.startSpan(
            SpanName.process, context: parent.map { .child(of: $0) } ?? .beginning(trace), ofKind: .consumer, at: leased
        )
        span.attributes = attributes(of: envelope, queue)
        if case .ended(.result(.failure(let code, let text))) = envelope.progress {
            span.updateAttributes { $0[SpanKey.errorType] = code.rawValue }
            span.setStatus(SpanStatus(code: .error, message: boundedText(text)))
        }
        recordWait(of: envelope, below: span.trace, until: leased)
        if parent == nil { envelope.headers.removeAll { $0.isNamed(TraceContext.stateKey) } }
        envelope.headers.carry(span.trace)
        return span
    }

    private func attributes(of envelope: Envelope, _ queue: QueueSettings) -> SpanAttributes {
        var attributes = SpanAttributes(envelope)
        attributes[SpanKey.queueID] = boundedText(queue.id)
        if !envelope.model.isEmpty { attributes[SpanKey.requestModel] = envelope.model }
        if envelope.deadline > 0 { attributes[SpanKey.deadline] = envelope.deadline }
        return attributes
    }

    /// Where the queue tells when the request was put there.
    private func recordWait(
        of envelope: Envelope, below trace: TraceContext, until leased: DefaultTracerClock.Timestamp
    ) {
        guard envelope.publishedAt > 0 else { return }
        let published = DefaultTracerClock.Timestamp(milliseconds: envelope.publishedAt)
        let span = tracer.startSpan(SpanName.queueWait, context: .child(of: trace), at: min(published, leased))
        span.attributes = SpanAttributes(envelope)
        span.end(at: leased)
    }

    /// Headers that the message gives are in the envelope already.
    private func passOnBaggage(_ metadata: [String: String], in envelope: inout Envelope) {
        guard case .waiting = envelope.progress, let baggage = metadata[TraceContext.baggageKey], !baggage.isEmpty,
            !envelope.headers.contains(where: { $0.isNamed(TraceContext.baggageKey) })
        else { return }
        let field = HeaderField(TraceContext.baggageKey, baggage)
        if field.isUsableTrace { envelope.headers.append(field) }
    }
}
