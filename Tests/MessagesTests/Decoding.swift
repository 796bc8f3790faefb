import Messages

struct Unexpected: Error { var decoded: DecodedRequest }

func decode(_ message: String, limits: RequestLimits = RequestLimits()) -> DecodedRequest {
    InboundRequest.decode(bytes(message), limits: limits)
}

func decodedRequest(_ message: String) throws -> InboundRequest {
    let decoded = decode(message)
    guard case .request(let request) = decoded else { throw Unexpected(decoded: decoded) }
    return request
}

/// A message that gets an `INVALID_REQUEST` result.
func rejection(_ message: String, limits: RequestLimits = RequestLimits()) throws -> RejectedRequest {
    let decoded = decode(message, limits: limits)
    guard case .invalid(let rejected) = decoded else { throw Unexpected(decoded: decoded) }
    return rejected
}

/// Why a message is a dead letter.
func deadLetterReason(_ message: String) throws -> String {
    let decoded = decode(message)
    guard case .undecodable(let reason) = decoded else { throw Unexpected(decoded: decoded) }
    return reason
}

func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }

extension Sequence<UInt8> {
    var text: String { String(decoding: Array(self), as: UTF8.self) }
}
