import Messages
import PipelineTracing
import Tracing

/// Records the pause before a request is tried again, of requests whose traces are recorded.
struct BackOffSpans: Sendable {
    let tracer: PipelineTracer

    /// Records a decision.
    ///
    /// The span lasts until the request is due, so it ends in the future.
    ///
    /// - Parameter envelope: with what has been decided; of what is not tried again there is nothing to record.
    func record(_ envelope: Envelope) {
        guard case .ended(.parked(let delay)) = envelope.progress,
            let trace = TraceContext(headers: envelope.headers), tracer.sampler.records(trace.traceID, parent: trace)
        else { return }
        let now = DefaultTracerClock.now
        let span = tracer.startSpan(SpanName.backOff, context: .child(of: trace), at: now)
        var attributes = SpanAttributes(envelope)
        attributes[SpanKey.backOff] = delay
        span.attributes = attributes
        span.end(at: now.advanced(milliseconds: delay))
    }
}
