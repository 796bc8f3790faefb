import Attempts

/// What a queue's requests find at their gateway.
package enum GatewayCondition: String, Sendable, CaseIterable {
    /// Nothing has been sent, or no answer is due yet.
    case unknown
    case reachable
    /// Requests have been with it for longer than it ever took.
    case silent
    case unreachable
    /// The last answers were all 401 or 403.
    case unauthorised
    /// The last answers were all 404 or 405.
    case wrongPath = "wrong_path"
    /// The last answers were all 429.
    case shedding
    /// The last answers were all 5xx, or connections that ended without one.
    case failing

    /// Whether somebody should look at it.
    package var isTrouble: Bool { self != .unknown && self != .reachable }

    /// What an answer says; `nil` where it is the gateway's word on the one request.
    init?(status: Int) {
        switch status {
        case 401, 403: self = .unauthorised
        case 404, 405: self = .wrongPath
        case 429: self = .shedding
        case 500...: self = .failing
        default: return nil
        }
    }
}

extension GatewayCondition {
    /// What is wrong, and what would cure it, in one sentence without the gateway's name.
    static func words(status: Int) -> String {
        switch status {
        case 401:
            "it answers 401 to every request: it wants a token, or another one (--gateway-token-file, the queue's headers)"
        case 403: "it answers 403 to every request: the token it is given does not permit this"
        case 404:
            "it answers 404 to every request: the path of the queue's gateway URL is wrong, or it does not serve the model"
        case 405: "it answers 405 to every request: the path of the queue's gateway URL takes no POST"
        case 429: "it answers 429 to every request: it has no room now, and they are tried again later"
        case 502, 503, 504:
            "it answers \(status) to every request: there is nothing behind it, or nothing that is ready"
        default: "it answers \(status) to every request: its own log says why"
        }
    }

    static func words(_ obstacle: Finding.Obstacle, _ said: String) -> String {
        switch obstacle {
        case .name: "its name cannot be resolved (\(said)): is the host in the queue's gateway URL right?"
        case .connection: "it refuses connections (\(said)): is it running, and are host and port right?"
        case .time:
            "it does not answer attempts to connect (\(said)): is the address right, or does a firewall drop them?"
        case .wantsTLS: "it speaks TLS, and its URL begins with http: does https help?"
        case .tls, .admission: "TLS fails (\(said)): \(cure(forTLS: said))"
        }
    }

    /// By the words of OpenSSL.
    private static func cure(forTLS said: String) -> String {
        let said = said.lowercased()
        func has(_ parts: String...) -> Bool { parts.contains(where: said.contains) }
        if has("wrong version number", "packet length too long", "http request", "unknown protocol") {
            return "it seems to speak plain HTTP there; does http instead of https help?"
        }
        if has("subject name", "host name", "hostname mismatch") {
            return "its certificate is for another name than the one in the URL"
        }
        if has("expired") { return "its certificate has expired, or the clock of this machine is wrong" }
        if has("not yet valid") { return "its certificate is not valid yet, or the clock of this machine is wrong" }
        if has("certificate required", "bad certificate", "handshake failure", "certificate unknown", "unknown ca (") {
            return "it wants a client certificate, or another one (--tls-cert, --tls-key)"
        }
        if has("issuer", "self-signed", "self signed", "unknown ca") {
            return "nobody trusted here has signed its certificate; name its authority with --tls-ca-cert"
        }
        return "do both sides speak the same protocol and trust each other's certificates (--tls-ca-cert, --tls-cert)?"
    }

    static func lost(_ said: String, isSecure: Bool) -> String {
        let cure = isSecure ? "is it an HTTP server that is well?" : "does it speak HTTP, and not TLS (https)?"
        return "it ends connections without an answer (\(said)): \(cure)"
    }
}
