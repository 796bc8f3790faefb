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

    var isFailure: Bool { errorCode != nil || statusCode.map { $0 >= 400 } ?? false }
}
