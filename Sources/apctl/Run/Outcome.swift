import GatewaySimulator
import Messages

/// What a result document says.
struct Outcome: Equatable {
    var id: String
    /// The gateway's answer, or the reason why there is none.
    var payload: String
    /// The payload stands for bytes that are no text.
    var isBase64 = false
    /// `nil` when there was no answer to report.
    var statusCode: Int?
    /// `nil` when the request got an answer.
    var errorCode: String?
    var errorMessage: String?

    /// `nil` when the bytes are no result.
    init?(_ document: Bytes) {
        guard let members = JSONText.members(of: document) else { return nil }
        (id, payload) = ("", "")
        for member in members {
            switch member.key {
            case "id": id = JSONText.string(member.value) ?? ""
            case "payload": payload = JSONText.string(member.value) ?? String(decoding: member.value, as: UTF8.self)
            case "payload_encoding": isBase64 = JSONText.string(member.value) == "base64"
            case "status_code": statusCode = Int(String(decoding: member.value, as: UTF8.self))
            case "error_code": errorCode = JSONText.string(member.value)
            case "error_message": errorMessage = JSONText.string(member.value)
            default: break
            }
        }
    }

    /// A request that never was one.
    init(deadLetter reason: String, id: String = "") {
        self.id = id
        payload = "{\"error\":\(JSONText.literal(reason))}"
        errorCode = ErrorCode.deadLetter.rawValue
        errorMessage = reason
    }

    /// Why it failed, on one line that is not long: what the pipeline says, or the gateway.
    var reason: String {
        let body = Array(payload.utf8)[...]
        let error = JSONText.members(of: body)?.last { $0.key == "error" }?.value
        let message = error.flatMap { JSONText.members(of: $0) }?.last { $0.key == "message" }?.value
        let text = errorMessage ?? (message ?? error).flatMap { JSONText.string($0) } ?? payload
        let line = text.onOneLine
        return line.count <= 200 ? line : line.prefix(199) + "…"
    }

    var isFailure: Bool { errorCode != nil || statusCode.map { $0 >= 400 } ?? false }
}
