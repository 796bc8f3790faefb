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
        /// The server has refused us after the handshake, as it does with TLS 1.3 for want of a client's certificate.
        case admission
        /// The server speaks TLS, and was spoken to without.
        case wantsTLS

        /// It shows only when there is a connection.
        package var isBehindConnection: Bool { self == .admission || self == .wantsTLS }
    }

    init(_ error: HTTPError) {
        switch error.kind {
        // On the way to where a gateway has sent the request: that is no word on the gateway.
        case .dns where error.wasBegun, .connect where error.wasBegun, .tls where error.wasBegun: self = .none
        case .dns: self = .unreached(.name, error.reason)
        case .connect: self = .unreached(.connection, error.reason)
        case .tls: self = .unreached(.tls, error.reason)
        case .timeout where !error.wasBegun: self = .unreached(.time, error.reason)
        case .connectionLost where error.reason.contains("alert"): self = .unreached(.admission, error.reason)
        case .timeout: self = .late
        case .connectionLost: self = .lost(error.reason)
        case .responseTooLarge, .undecodable, .tooManyRedirects: self = error.statusCode.map { .answered($0) } ?? .none
        case .other, .cancelled, .invalidOption, .invalidRequest: self = .none
        }
    }
}
