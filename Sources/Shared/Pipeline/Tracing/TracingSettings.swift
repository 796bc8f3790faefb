package import HTTP
package import Messages

/// What the recording and the sending of spans depend on.
package struct TracingSettings: Sendable {
    /// Where they go: the whole URL.
    package var endpoint: String
    /// Sent along, such as a token.
    package var headers: [HeaderField] = []
    /// For one attempt to send some.
    package var timeout = Duration.seconds(10)
    package var tls = TLSOptions()
    package var sampler = TraceSampler(followsParent: true, ratio: 1)
    /// What is said of the process; names once each.
    package var resource: [(name: String, value: String)] = []
    /// Spans that may wait; more are dropped.
    package var maxWaiting = 2048
    /// Spans that are sent together.
    package var maxBatch = 512
    /// How long one waits for others.
    package var delay = Duration.seconds(5)

    package init(endpoint: String) { self.endpoint = endpoint }

    /// What may wait; most spans have less than one KiB.
    var room: SpanBuffer.Amount {
        SpanBuffer.Amount(spans: maxWaiting, bytes: max(maxWaiting * 2048, batch.bytes))
    }

    /// What is sent together; half of the bytes that nginx lets through by default.
    var batch: SpanBuffer.Amount { SpanBuffer.Amount(spans: maxBatch, bytes: 512 << 10) }

    /// For `/status`, nothing secret in it.
    package func describe() -> [(name: String, value: String)] {
        [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", redacted(endpoint)), ("OTEL_TRACES_SAMPLER", "\(sampler)"),
        ]
    }
}

/// What a process says of itself with its spans, if its environment does not say otherwise.
package struct TracedProcess: Sendable {
    package var stage: String
    package var pipeline: String
    package var version: String
    /// Different for each process.
    package var instance: String
    package var host: String

    package init(stage: String, pipeline: String, version: String, instance: String, host: String) {
        self.stage = stage
        self.pipeline = pipeline
        self.version = version
        self.instance = instance
        self.host = host
    }

    /// As llm-d-async is called.
    static let service = "llm-d-async"

    var resource: [(name: String, value: String)] {
        [
            ("service.name", Self.service), ("service.version", version), ("service.instance.id", instance),
            ("host.name", host), ("async_processor.stage", stage), ("async_processor.pipeline", pipeline),
            ("telemetry.sdk.name", "async-processor"), ("telemetry.sdk.language", "swift"),
            ("telemetry.sdk.version", version),
        ]
    }
}
