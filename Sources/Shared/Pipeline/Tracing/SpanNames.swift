package import Messages
package import Tracing

/// The spans of a request, one or more of each for every time it is leased.
package enum SpanName {
    /// In ingest, from the lease to its end; all others are below it.
    package static let process = "process-request"
    /// Until the lease, where the queue tells since when.
    package static let queueWait = "queue-wait"
    /// From the lease until dispatch makes an attempt.
    package static let dispatchWait = "lease-to-dispatch"
    /// One attempt.
    package static let attempt = "http-request"
    /// From the decision to try again until that is due.
    package static let backOff = "re-enqueue"
    /// In emit, until the queue has taken how it ends.
    package static let settlement = "settle"
}

/// Names of attributes; docs/tracing.md lists them.
///
/// Those of llm-d-async have its names, others those of OpenTelemetry's semantic conventions 1.41, and what nobody has named
/// begins with `async_processor`.
package enum SpanKey {
    package static let requestID = "gen_ai.request.id"
    package static let requestModel = "gen_ai.request.model"
    package static let operation = "gen_ai.operation.name"
    package static let responseModel = "gen_ai.response.model"
    package static let finishReasons = "gen_ai.response.finish_reasons"
    package static let inputTokens = "gen_ai.usage.input_tokens"
    package static let cachedTokens = "gen_ai.usage.cache_read.input_tokens"
    package static let outputTokens = "gen_ai.usage.output_tokens"

    package static let queueID = "llm_d.async.queue.id"
    package static let queueName = "llm_d.async.queue.name"
    package static let retryCount = "llm_d.async.retry_count"
    package static let errorCategory = "llm_d.async.error.category"

    package static let method = "http.request.method"
    package static let status = "http.response.status_code"
    package static let resends = "http.request.resend_count"
    package static let requestSize = "http.request.body.size"
    package static let responseSize = "http.response.body.size"
    package static let url = "url.full"
    package static let server = "server.address"
    package static let port = "server.port"
    package static let errorType = "error.type"

    package static let deadline = "async_processor.deadline"
    package static let backOff = "async_processor.backoff_ms"
    package static let ending = "async_processor.ending"
    package static let endStatus = "async_processor.status_code"
    package static let answer = "async_processor.queue_answer"
}

extension SpanAttributes {
    /// What every span of a request says of it.
    package init(_ envelope: Envelope) {
        self = [
            SpanKey.requestID: .string(boundedText(envelope.id)),
            SpanKey.queueName: .string(boundedText(envelope.queue)),
            SpanKey.retryCount: .int64(Int64(envelope.failedAttempts)),
        ]
    }
}
