import Messages
import Queue
import Redis

/// What `<queue>:dead-letter` keeps of a request, one JSON object per element, oldest first.
///
///     {"queue":"request-queue","id":"job-17","reason":"…","time":1764045130,"deliveries":6,"attempts":2,
///      "body":"<the message as the producer wrote it>"}
///
/// `time` is when it came here, Unix seconds by the server's clock; `deliveries` counts leases that expired, `attempts`
/// those that failed at the gateway. A message that is not UTF-8 stands there as base64 with
/// `"body_encoding":"base64"`.
struct DeadLetterDocument {
    /// The entry as it is claimed.
    let stored: [UInt8]
    let claim: ClaimReceipt
    let deliveries: Int
    let time: Int64

    func encoded(_ settlement: Settlement) -> [UInt8] {
        guard case .deadLetter(let reason, _) = settlement.action else { return [] }
        let entry = StoredEntry(stored: stored[...])
        let body = entry.document(queue: JSONObject.quoted(claim.queue))
        var json: [UInt8] = []
        json.append("{\"queue\":")
        json.appendJSONString(claim.queue)
        json.append(",\"id\":")
        json.appendJSONString(settlement.id)
        json.append(",\"reason\":")
        json.appendJSONString(reason)
        json.append(contentsOf: ",\"time\":\(time),\"deliveries\":\(deliveries),\"attempts\":\(entry.retryCount)".utf8)
        json.append(",\"body\":")
        if String(validating: body, as: UTF8.self) != nil {
            json.appendJSONString(of: body)
        } else {
            json.append("\"")
            Base64.append(body, to: &json)
            json.append("\",\"body_encoding\":\"base64\"")
        }
        json.append("}")
        return json
    }
}
