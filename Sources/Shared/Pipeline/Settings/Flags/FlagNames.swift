import Queue

/// The names of all flags, without their dashes.
enum FlagNames {
    static let all: [String] =
        [
            "listen", "dispatch", "retry", "emit", "acks", "acks-advertise", "max-deliveries",
            "request-merge-policy", "request-merge-policy-config-file", "max-in-flight", "max-open-bytes",
            "max-payload-bytes", "lease-seconds",
            "concurrency", "request-timeout", "max-response-bytes", "tls-ca-cert", "tls-cert", "tls-key",
            "tls-insecure-skip-verify", "gateway-token-file", "gateway-proxy", "auth-failures", "require-gateway",
            "slack", "token-latency-target", "slack-stretch", "urgent-stretch", "engine-load-header",
            "pool-config-file", "prometheus-url", "prometheus-cache-ttl",
            "backoff", "backoff-base", "backoff-max", "max-attempts", "retry-after-max", "result-payload",
            "message-queue-impl", "queues-config-file",
            "pipeline", "bind-host", "metrics-host", "metrics-port", "tap", "tap-payloads", "drain-timeout",
            "stuck-after",
            "max-unacked-bytes", "log-level", "log-format",
        ] + QueueServer.allCases.flatMap(\.flags.others) + indexable.sorted()

    /// Those that may end in a number, which says which of several queues is meant.
    static let indexable = Set(QueueServer.allCases.flatMap(\.flags.indexable))

    /// Those whose value may be left out, which means yes.
    static let switches: Set<String> = [
        "tap-payloads", "tls-insecure-skip-verify", "redis.deduplicate", "require-gateway", "engine-load-header",
    ]

    /// `AP_REDIS_ADDR` for `redis.addr`.
    static func variable(of flag: String) -> String {
        "AP_" + String(flag.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }
}

/// A flag with an index, such as `redis.request-queue-name.2`.
struct IndexedName: Hashable {
    let flag: String
    /// At least 1; the first queue is also the one without an index.
    let index: Int

    /// `nil` if it is none.
    init?(_ name: some StringProtocol) {
        guard let dot = name.lastIndex(of: "."), let index = Int(name[name.index(after: dot)...]) else { return nil }
        self.init(String(name[..<dot]), index)
    }

    /// Reads `AP_REDIS_REQUEST_QUEUE_NAME_2`.
    init?(variable: String) {
        guard let underscore = variable.lastIndex(of: "_"),
            let index = Int(variable[variable.index(after: underscore)...]),
            let flag = FlagNames.indexable.first(where: { FlagNames.variable(of: $0) == variable[..<underscore] })
        else { return nil }
        self.init(flag, index)
    }

    init?(_ flag: String, _ index: Int) {
        guard FlagNames.indexable.contains(flag), index >= 0 else { return nil }
        self.flag = flag
        self.index = index
    }

    var text: String { "--\(flag).\(index)" }
}
