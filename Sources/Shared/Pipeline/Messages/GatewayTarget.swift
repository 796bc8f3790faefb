/// Where a queue's requests are sent.
package enum GatewayTarget: Sendable, Equatable {
    /// The full URL (`--redis.inference-gateway`); a message's `endpoint` replaces its path.
    case url(String)
    /// A base and a default path (`igw_base_url`, `request_path_url`); a message's `endpoint` replaces the path.
    case base(String, path: String)
}

extension GatewayTarget {
    /// The full URL for a message with this `endpoint`; `nil` and empty mean that it has none.
    ///
    /// An endpoint is a path whatever it looks like: it never changes scheme, host or port, leaves the base's own path
    /// in place, and cannot climb out of it. A query in it comes behind the URL's own, which may hold a key.
    package func resolve(endpoint: String?) throws(InvalidRequest) -> String {
        let endpoint = endpoint == "" ? nil : endpoint
        switch self {
        case .url(let url):
            guard let endpoint else { return url }
            return try GatewayURL(url).replacingPath(with: endpoint)
        case .base(let base, let path):
            return try GatewayURL(base).join(endpoint ?? path)
        }
    }

    /// Throws unless requests can be sent there; for start-up.
    ///
    /// The reason names neither flag nor URL, which may hold a password.
    package func check() throws(InvalidRequest) {
        switch self {
        case .url(let url): try GatewayURL.check(url)
        case .base(let base, let path):
            try GatewayURL.check(base)
            do throws(InvalidRequest) { _ = try EndpointPath(path) } catch {
                throw InvalidRequest("in the path: \(error.reason)")
            }
        }
    }
}
