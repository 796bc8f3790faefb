/// The variables that the stages of a run are started with.
///
/// A run has a queue, addresses and names of its own. What somebody has set for other stages must not get into them, and
/// a key must not stand in an environment that it is not needed in.
struct StageEnvironment: Equatable {
    /// Variables of the stages that a run takes, besides those of its own options.
    static let taken = [
        "AP_REQUEST_TIMEOUT", "AP_MAX_PAYLOAD_BYTES", "AP_MAX_RESPONSE_BYTES", "AP_BACKOFF", "AP_BACKOFF_BASE",
        "AP_BACKOFF_MAX", "AP_MAX_ATTEMPTS", "AP_RETRY_AFTER_MAX", "AP_DRAIN_TIMEOUT", "AP_LOG_LEVEL", "AP_LOG_FORMAT",
    ]
    /// Variables that stand for an option of `apctl run`.
    static let ofOptions = [
        "AP_GATEWAY_TOKEN_FILE", "AP_TLS_CA_CERT", "AP_TLS_CERT", "AP_TLS_KEY", "AP_TLS_INSECURE_SKIP_VERIFY",
    ]

    var variables: [String: String] = [:]
    /// Names of variables that were meant for stages and are not passed on, in order.
    var leftOut: [String] = []

    init(_ environment: [String: String]) {
        for (name, value) in environment {
            if name.hasPrefix("AP_"), !Self.taken.contains(name) {
                if !value.isEmpty, !Self.ofOptions.contains(name) { leftOut.append(name) }
            } else if name != "OPENAI_API_KEY" {
                variables[name] = value
            }
        }
        leftOut.sort()
    }
}
