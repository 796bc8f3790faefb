import Messages

struct NotARequest: Error { var decoded: DecodedRequest }

func decode(_ message: String, limits: RequestLimits = RequestLimits()) -> DecodedRequest {
    InboundRequest.decode(Array(message.utf8)[...], limits: limits)
}

func decodedRequest(_ message: String) throws -> InboundRequest {
    let decoded = decode(message)
    guard case .request(let request) = decoded else { throw NotARequest(decoded: decoded) }
    return request
}

/// The reason of the `INVALID_REQUEST` result that a message gets.
func rejection(_ message: String, limits: RequestLimits = RequestLimits()) throws -> RejectedRequest {
    let decoded = decode(message, limits: limits)
    guard case .invalid(let rejected) = decoded else { throw NotARequest(decoded: decoded) }
    return rejected
}

/// Why a message is a dead letter.
func deadLetterReason(_ message: String) throws -> String {
    let decoded = decode(message)
    guard case .undecodable(let reason) = decoded else { throw NotARequest(decoded: decoded) }
    return reason
}

extension Bytes {
    var text: String { String(decoding: self, as: UTF8.self) }
}
