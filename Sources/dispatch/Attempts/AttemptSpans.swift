import HTTP
import Messages
package import PipelineTracing
import Tracing

/// Records each attempt as a span, of requests whose traces are recorded, and names it to the gateway.
package struct AttemptSpans: Sendable {
    private let tracer: PipelineTracer

    package init(_ tracer: PipelineTracer) { self.tracer = tracer }

    /// Begins the span of an attempt; `nil` where its trace is not recorded, or there is none.
    ///
    /// What ends here is what the request has waited since its lease.
    func begin(_ envelope: Envelope) -> PipelineSpan? {
        guard let trace = TraceContext(headers: envelope.headers), tracer.sampler.records(trace.traceID, parent: trace)
        else { return nil }
        let now = DefaultTracerClock.now
        if envelope.leasedAt > 0 {
            let leased = DefaultTracerClock.Timestamp(milliseconds: envelope.leasedAt)
            let wait = tracer.startSpan(
                SpanName.dispatchWait, context: .child(of: trace), at: min(leased, now))
            wait.attributes = SpanAttributes(envelope)
            wait.end(at: now)
        }
        let span = tracer.startSpan(SpanName.attempt, context: .child(of: trace), ofKind: .client, at: now)
        span.attributes = Self.attributes(of: envelope)
        return span
    }

    private static func attributes(of envelope: Envelope) -> SpanAttributes {
        var attributes = SpanAttributes(envelope)
        // With what it ends with.
        attributes.reserveCapacity(20)
        attributes[SpanKey.method] = "POST"
        attributes[SpanKey.url] = boundedText(redacted(envelope.url))
        attributes[SpanKey.requestSize] = envelope.payload.count
        if envelope.failedAttempts > 0 { attributes[SpanKey.resends] = envelope.failedAttempts }
        if !envelope.model.isEmpty { attributes[SpanKey.requestModel] = envelope.model }
        if let server = ServerName(envelope.url) {
            attributes[SpanKey.server] = boundedText(server.host)
            attributes[SpanKey.port] = server.port
        }
        if let operation = operation(of: envelope.url) { attributes[SpanKey.operation] = operation }
        return attributes
    }

    /// As OpenTelemetry calls what a path of OpenAI's asks for.
    private static func operation(of url: String) -> String? {
        let path = url.prefix { $0 != "?" }
        if path.hasSuffix("/chat/completions") { return "chat" }
        if path.hasSuffix("/completions") { return "text_completion" }
        return path.hasSuffix("/embeddings") ? "embeddings" : nil
    }

    /// Ends the span of an attempt with what has come of it.
    func end(_ span: PipelineSpan, _ outcome: AttemptOutcome) {
        span.updateAttributes { attributes in
            if case .answered(let status) = outcome.finding { attributes[SpanKey.status] = status }
            attributes[SpanKey.responseSize] = outcome.load.bytes > 0 ? outcome.load.bytes : nil
            if let figures = outcome.load.figures {
                attributes[SpanKey.inputTokens] = figures.promptTokens
                attributes[SpanKey.cachedTokens] = figures.cachedTokens
                attributes[SpanKey.outputTokens] = figures.completionTokens
                if case .ended(.result(.answer(_, let body))) = outcome.progress {
                    let words = AnswerWords(body)
                    attributes[SpanKey.responseModel] = words.model
                    attributes[SpanKey.finishReasons] = words.finishReason.map { [$0] }
                }
            }
            attributes[SpanKey.errorType] = outcome.errorType
            attributes[SpanKey.errorCategory] = outcome.errorCategory
        }
        if outcome.attemptClass != .succeeded {
            span.setStatus(SpanStatus(code: .error, message: outcome.errorText.map(boundedText)))
        }
        span.end()
    }
}

extension AttemptOutcome {
    /// Of few values, as OpenTelemetry wants it: the status, or one word for why there is none.
    fileprivate var errorType: String? {
        if attemptClass == .succeeded { return nil }
        switch finding {
        case .answered(let status): return "\(status)"
        case .unreached(let obstacle, _): return "unreached_\(obstacle.rawValue)"
        case .lost: return "connection_lost"
        case .late: return "timeout"
        case .none: return "_OTHER"
        }
    }

    /// In the words of llm-d-async.
    fileprivate var errorCategory: String? {
        switch attemptClass {
        case .succeeded: nil
        case .shed: "RATE_LIMIT"
        case .failed: "SERVER_ERROR"
        case .refused: "INVALID_REQ"
        case .unauthorised: "AUTH_ERROR"
        case .unanswered, .impossible, .deadlineExceeded: "UNKNOWN"
        }
    }

    fileprivate var errorText: String? {
        switch progress {
        case .failed(let attempt): attempt.reason
        case .ended(.result(.failure(_, let message))): message
        default: nil
        }
    }
}

/// Host and port of a URL, without asking libcurl, which takes longer than everything else here.
struct ServerName: Equatable {
    var host: String
    var port: Int

    /// `nil` for what is none.
    init?(_ url: String) {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let rest = url[scheme.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let login = authority.lastIndex(of: "@") { authority = authority[authority.index(after: login)...] }
        // In an address of IP version 6 colons stand within brackets.
        let colon = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
        let host = authority[..<(colon ?? authority.endIndex)]
        let digits = colon.map { authority[authority.index(after: $0)...] }
        guard !host.isEmpty, let port = digits.map({ Int($0) }) ?? (url.hasPrefix("https") ? 443 : 80) else {
            return nil
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
        self.port = port
    }
}
