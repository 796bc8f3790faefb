package import GateRules
package import Intake
package import Messages
package import RetryPolicy

/// What `ingest` is told.
package struct IngestSettings: Sendable, Equatable {
    package var stage: StageSettings
    package var server: QueueServerSettings
    package var mergePolicy: MergePolicy
    /// 0 for as much as the peers have room for.
    package var maxInFlight: Int
    /// Of all requests in the pipeline that this process has leased.
    package var maxOpenBytes: Int
    package var maxPayloadBytes: Int
    /// Renewed after a third of it.
    package var lease: Duration
    /// What gates of queues ask, and how long an answer counts.
    package var prometheusURL: String?
    package var prometheusCacheTime: Duration
}

/// What `dispatch` is told.
package struct DispatchSettings: Sendable, Equatable {
    package var stage: StageSettings
    package var concurrency: Int
    package var requestTimeout: Duration
    package var maxResponseBytes: Int
    /// Files in PEM form.
    package var tlsCACertificate: String?
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var tlsSkipsVerification: Bool
    package var gatewayTokenFile: String?
    /// `none`, `environment` or a URL.
    package var proxy: String
    /// What 401 and 403 mean.
    package var authFailures: AuthFailures
    /// Without a gateway that is well, the stage is not ready.
    package var requiresGateway: Bool
    /// Whether concurrency follows the time per token; otherwise it is `concurrency`, less what the gateway refuses.
    package var isAdaptive: Bool
    /// What a token may take; `nil`: the learned base times `slackStretch`.
    package var tokenLatencyTarget: Duration?
    package var slackStretch: Double
    /// The same where all that waits has a deadline that is near; `nil`: a deadline changes nothing.
    package var urgentStretch: Double?
    /// Whether engines are asked to say how full they are.
    package var asksForEngineLoad: Bool
    /// Pools with settings of their own, from `poolFile`; empty without one.
    package var pools: [PoolSettings]
    package var poolFile: String?
    /// What gates ask, and how long an answer counts.
    package var prometheusURL: String?
    package var prometheusCacheTime: Duration
}

/// What `retry` is told.
package struct RetrySettings: Sendable, Equatable {
    package var stage: StageSettings
    package var backoff: RetryPolicy.Backoff
    package var backoffBase: Duration
    package var backoffMax: Duration
    /// 0 for no limit.
    package var maxAttempts: Int
    package var retryAfterMax: Duration
}

/// What `emit` is told.
package struct EmitSettings: Sendable, Equatable {
    package var stage: StageSettings
    package var server: QueueServerSettings
    package var resultPayload: ResultPayloadFormat
}

extension IngestSettings {
    package func describe() -> [(name: String, value: String)] {
        stage.describe() + server.describe() + server.describeQueues() + [
            ("--request-merge-policy", mergePolicy.name),
            ("--max-in-flight", "\(maxInFlight)"),
            ("--max-open-bytes", "\(maxOpenBytes)"),
            ("--max-payload-bytes", "\(maxPayloadBytes)"),
            ("--lease-seconds", "\(Seconds(lease / .seconds(1)))"),
            ("--redis.deduplicate", "\(server.deduplicates)"),
            ("--prometheus-url", prometheusURL.map(redacted) ?? "none"),
            ("--prometheus-cache-ttl", "\(Seconds(prometheusCacheTime / .seconds(1)))"),
        ]
    }
}

extension DispatchSettings {
    package func describe() -> [(name: String, value: String)] {
        stage.describe() + [
            ("--concurrency", "\(concurrency)"),
            ("--request-timeout", "\(Seconds(requestTimeout / .seconds(1)))"),
            ("--max-response-bytes", "\(maxResponseBytes)"),
            ("--tls-ca-cert", tlsCACertificate ?? "none"),
            ("--tls-cert", tlsCertificate ?? "none"),
            ("--tls-key", tlsKey ?? "none"),
            ("--tls-insecure-skip-verify", "\(tlsSkipsVerification)"),
            ("--gateway-token-file", gatewayTokenFile ?? "none"),
            ("--gateway-proxy", redacted(proxy)),
            ("--auth-failures", authFailures.rawValue),
            ("--require-gateway", "\(requiresGateway)"),
            ("--slack", isAdaptive ? "on" : "off"),
            ("--token-latency-target", tokenLatencyTarget.map { "\($0 / .milliseconds(1))ms" } ?? "none"),
            ("--slack-stretch", "\(slackStretch)"),
            ("--urgent-stretch", urgentStretch.map { "\($0)" } ?? "none"),
            ("--engine-load-header", "\(asksForEngineLoad)"),
            ("--pool-config-file", poolFile ?? "none"),
            ("--prometheus-url", prometheusURL.map(redacted) ?? "none"),
            ("--prometheus-cache-ttl", "\(Seconds(prometheusCacheTime / .seconds(1)))"),
        ]
    }
}

extension RetrySettings {
    package func describe() -> [(name: String, value: String)] {
        stage.describe() + [
            ("--backoff", backoff.rawValue),
            ("--backoff-base", "\(Seconds(backoffBase / .seconds(1)))"),
            ("--backoff-max", "\(Seconds(backoffMax / .seconds(1)))"),
            ("--max-attempts", "\(maxAttempts)"),
            ("--retry-after-max", "\(Seconds(retryAfterMax / .seconds(1)))"),
        ]
    }
}

extension EmitSettings {
    package func describe() -> [(name: String, value: String)] {
        stage.describe() + server.describe() + [("--result-payload", resultPayload.rawValue)]
    }
}

extension GatewayTarget {
    /// For people, passwords hidden.
    var shown: String {
        switch self {
        case .url(let url): redacted(url)
        case .base(let base, let path): redacted(base) + (path.hasPrefix("/") ? "" : "/") + path
        }
    }
}
