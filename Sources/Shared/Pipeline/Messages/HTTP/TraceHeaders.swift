/// What a producer says of a request's trace; it never costs the request.
extension HeaderField {
    /// Whether it says something of the request's trace.
    package var isOfTrace: Bool { longestTraceValue != nil }

    /// Whether one of a trace is passed on: what HTTP forbids, or is longer than anybody has to take, counts as none.
    package var isUsableTrace: Bool {
        guard let longest = longestTraceValue, value.utf8.count <= longest else { return false }
        return (try? check()) != nil
    }

    /// Bytes; `nil` for other headers.
    ///
    /// Source: W3C Trace Context, section 3.3.1.5 (of `tracestate`; a `traceparent` has 55 today), W3C Baggage, section 3.3.2.
    private var longestTraceValue: Int? {
        if isNamed(TraceContext.parentKey) || isNamed(TraceContext.stateKey) { return 512 }
        return isNamed(TraceContext.baggageKey) ? 8192 : nil
    }
}
