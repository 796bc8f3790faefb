/// Where a queue's requests are sent.
package enum GatewayTarget: Sendable, Equatable {
    /// The full URL (`--redis.inference-gateway`); a message's `endpoint` replaces its path.
    case url(String)
    /// A base and a default path (`igw_base_url`, `request_path_url`); a message's `endpoint` replaces the path.
    case base(String, path: String)
}
