package import Messages
package import Primitives
import Synchronization
package import Tracing

/// Begins spans; those that are recorded go to an exporter when they end.
package final class PipelineTracer: Tracer {
    package typealias Span = PipelineSpan

    package let sampler: TraceSampler
    private let identifiers: Mutex<Identifiers<SplitMix64>>
    private let onEnd: @Sendable (EndedSpan) -> Void

    /// - Parameters:
    ///   - random: for the names of spans, and of traces that begin here.
    ///   - onEnd: is given each span that has ended, on whatever thread ends it.
    package init(sampler: TraceSampler, random: SplitMix64, onEnd: @escaping @Sendable (EndedSpan) -> Void) {
        self.sampler = sampler
        identifiers = Mutex(Identifiers(random))
        self.onEnd = onEnd
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> PipelineSpan {
        let given = context()
        let parent = given.trace
        let (trace, span) = identifiers.withLock { identifiers in
            (parent?.traceID ?? given.ownTrace ?? identifiers.nextTrace(), identifiers.nextSpan())
        }
        let isRecorded = sampler.records(trace, parent: parent)
        let own = TraceContext(
            traceID: trace, spanID: span,
            flags: (parent?.flags ?? 0) & TraceContext.random | (isRecorded ? TraceContext.sampled : 0),
            state: parent?.state ?? "")
        let record = EndedSpan(
            trace: own, parent: parent?.spanID, name: operationName, kind: kind,
            start: instant().nanosecondsSinceEpoch)
        return PipelineSpan(record, isRecorded: isRecorded, onEnd: onEnd)
    }

    /// The exporter is in no hurry; it sends what is left before the process ends.
    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: TraceContext.parentKey, from: carrier) else { return }
        let state = extractor.extract(key: TraceContext.stateKey, from: carrier) ?? ""
        if let trace = TraceContext(traceparent: parent, state: state) { context.trace = trace }
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: TraceContext.parentKey, into: &carrier)
        if !trace.state.isEmpty { injector.inject(trace.state, forKey: TraceContext.stateKey, into: &carrier) }
    }
}

extension InstrumentationContext {
    private enum TraceKey: InstrumentationContextKey { typealias Value = TraceContext }
    private enum OwnTraceKey: InstrumentationContextKey { typealias Value = TraceID }

    /// The span that causes what is begun here.
    package var trace: TraceContext? {
        get { self[TraceKey.self] }
        set { self[TraceKey.self] = newValue }
    }

    /// The name of the trace that is begun here; `nil` for a random one.
    package var ownTrace: TraceID? {
        get { self[OwnTraceKey.self] }
        set { self[OwnTraceKey.self] = newValue }
    }

    /// Of what this span causes.
    package static func child(of trace: TraceContext) -> InstrumentationContext {
        var context = topLevel
        context.trace = trace
        return context
    }

    /// Of what begins a trace of this name.
    package static func beginning(_ trace: TraceID) -> InstrumentationContext {
        var context = topLevel
        context.ownTrace = trace
        return context
    }
}
