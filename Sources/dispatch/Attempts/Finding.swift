import HTTP

/// What an attempt tells about the gateway it was made at, whatever it means for its request.
package enum Finding: Sendable, Equatable {
    /// The gateway has answered, with this status.
    case answered(Int)
    /// There was no connection: the gateway has not heard of the request. With what the system said.
    case unreached(Obstacle, String)
    /// The connection ended before the answer was whole. With what the system said.
    case lost(String)
    /// The time was over before the answer was whole.
    case late
    /// Nothing: no attempt was made, or it failed for reasons of its own.
    case none

    /// What is in the way of a connection.
    package enum Obstacle: String, Sendable, CaseIterable {
        case name
        case connection
        case time
        case tls
        /// The server speaks TLS, and was spoken to without.
        case wantsTLS
    }

    init(_ error: HTTPError) {
        switch error.kind {
        case .dns: self = .unreached(.name, error.reason)
        case .connect: self = .unreached(.connection, error.reason)
        case .tls: self = .unreached(.tls, error.reason)
        case .timeout where !error.wasBegun: self = .unreached(.time, error.reason)
        // With TLS 1.3 a server refuses a client's certificate after the handshake.
        case .connectionLost where error.reason.contains("alert"): self = .unreached(.tls, error.reason)
        case .timeout: self = .late
        case .connectionLost: self = .lost(error.reason)
        case .responseTooLarge, .undecodable, .tooManyRedirects: self = error.statusCode.map { .answered($0) } ?? .none
        case .other, .cancelled, .invalidOption, .invalidRequest: self = .none
        }
    }
}
