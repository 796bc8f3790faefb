import Messages
import PipelineTracing
import Queue
import Tracing

/// Records how long the queue takes to take how a request ends, of requests whose traces are recorded.
struct SettlementSpans: Sendable {
    let tracer: PipelineTracer

    /// Begins a span when emit has got an outcome; `nil` where its trace is not recorded, or there is none.
    func begin(_ envelope: Envelope) -> PipelineSpan? {
        guard let trace = TraceContext(headers: envelope.headers), tracer.sampler.records(trace.traceID, parent: trace)
        else { return nil }
        let span = tracer.startSpan(SpanName.settlement, context: .child(of: trace), ofKind: .producer)
        span.attributes = SpanAttributes(envelope)
        return span
    }

    /// The queue has answered; what it has not taken is tried again.
    func note(_ status: SettlementStatus, of envelope: Envelope, in span: PipelineSpan) {
        switch status {
        case .settled: end(span, envelope, answer: "settled")
        case .stale: end(span, envelope, answer: "stale")
        case .refused(let reason): addEvent("refused", reason, to: span)
        case .tooLarge(let reason): addEvent("too_large", reason, to: span)
        case .delayed(let reason): addEvent("delayed", reason, to: span)
        }
    }

    private func addEvent(_ name: String, _ reason: String, to span: PipelineSpan) {
        span.addEvent(SpanEvent(name: name, attributes: ["reason": .string(boundedText(reason))]))
    }

    private func end(_ span: PipelineSpan, _ envelope: Envelope, answer: String) {
        span.updateAttributes { attributes in
            attributes[SpanKey.answer] = answer
            attributes[SpanKey.ending] = envelope.progress.endingName
            if case .ended(.result(.answer(let status, _))) = envelope.progress {
                attributes[SpanKey.endStatus] = status
            }
            if case .ended(.result(.failure(let code, _))) = envelope.progress {
                attributes[SpanKey.errorType] = code.rawValue
            }
        }
        switch envelope.progress {
        case .ended(.result(.failure(_, let text))), .ended(.deadLetter(let text)):
            span.setStatus(SpanStatus(code: .error, message: boundedText(text)))
        default: break
        }
        span.end()
    }
}

extension Progress {
    fileprivate var endingName: String {
        switch self {
        case .ended(.result): "result"
        case .ended(.parked): "parked"
        case .ended(.deadLetter): "dead_letter"
        case .ended(.released), .waiting, .failed: "released"
        }
    }
}
