/// An exchange that brought no whole answer, or was refused before it began.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// The host's name could not be resolved.
        case dns
        /// Nobody accepted the connection.
        case connect
        /// No agreement on certificates or protocol.
        case tls
        /// The time ran out, whatever was going on.
        case timeout
        /// The connection ended before the answer was whole, or what came was not HTTP.
        case connectionLost
        /// The answer was larger than the request allows, or its headers larger than anybody needs.
        case responseTooLarge
        /// The answer's body is coded in a way that is not understood, or not in the way that its headers say.
        case undecodable
        /// More than ten redirects in a row.
        case tooManyRedirects
        /// The URL or a header cannot be sent.
        case invalidRequest
        /// The client was made with an option that makes no sense.
        case invalidOption
        /// The task that waited for the answer was cancelled.
        case cancelled
        /// Anything else libcurl says, such as running out of memory or descriptors.
        case other
    }

    package let kind: Kind
    /// What was tried on what, such as `POST http://gateway/v1/completions`: without credentials and query, which may
    /// be secret.
    package let action: String
    /// What libcurl, or the system, said.
    package let reason: String

    /// The answer's status, where its headers were whole.
    package let statusCode: Int?
    /// Whether a request was begun on a connection; if not, no server has heard of it.
    package let wasBegun: Bool

    /// Servers have a say in both texts, so they are cut at 1,000 bytes.
    package init(_ kind: Kind, _ action: String, _ reason: String, statusCode: Int? = nil, wasBegun: Bool = false) {
        self.kind = kind
        self.action = shortened(action)
        self.reason = shortened(reason)
        self.statusCode = statusCode
        self.wasBegun = wasBegun
    }

    package var description: String { "\(action): \(reason)" }
}

private func shortened(_ text: String) -> String {
    text.utf8.count <= 1000 ? text : String(decoding: text.utf8.prefix(1000), as: UTF8.self) + "…"
}
