/// Credentials that make no sense, or a token server that gave no token.
///
/// Holds no secret, token or assertion, so it can be logged as it is.
package struct GoogleAuthError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// A file cannot be read, or a field or variable is missing or makes no sense.
        case credentials
        /// The server said no: the key, the refresh token or the identity is not, or no longer, good.
        case refused
        /// The server could not answer now, or not so often: 5xx, 408, 429.
        case unavailable
        /// There was no whole answer.
        case network
        /// An answer that says yes and holds no token.
        case answer
        /// The task that waited for the token was cancelled.
        case cancelled
    }

    package let kind: Kind
    /// What was tried on what, such as `POST https://oauth2.googleapis.com/token`.
    package let action: String
    /// What the server or the system answered, such as `400 invalid_grant: Invalid JWT Signature`.
    package let reason: String

    package init(_ kind: Kind, _ action: String, _ reason: String) {
        self.kind = kind
        self.action = action
        self.reason = reason
    }

    package var description: String { "\(action): \(reason)" }

    /// Whether trying again can help without anybody changing anything.
    package var isTransient: Bool {
        switch kind {
        case .credentials, .refused, .answer: false
        case .unavailable, .network, .cancelled: true
        }
    }
}
