package import Messages

/// What `<queue>:dead-letter` keeps of a request, one JSON object per element, oldest first.
///
///     {"queue":"request-queue","id":"job-17","reason":"…","time":1764045130,"deliveries":6,"attempts":2,
///      "body":"<the message as the producer wrote it>"}
///
/// A message that is not UTF-8 stands there as base64 with `"body_encoding":"base64"`.
package struct DeadLetterDocument {
    package var queue: String
    package var id: String
    package var reason: String
    /// When it came here, Unix seconds by the server's clock.
    package var time: Int64
    /// Leases that expired.
    package var deliveries: Int
    /// Attempts that failed at the gateway.
    package var attempts: Int
    /// As the producer wrote it.
    package var body: Bytes

    package init(
        queue: String, id: String, reason: String, time: Int64, deliveries: Int, attempts: Int, body: Bytes
    ) {
        self.queue = queue
        self.id = id
        self.reason = reason
        self.time = time
        self.deliveries = deliveries
        self.attempts = attempts
        self.body = body
    }

    package var encoded: [UInt8] {
        var json: [UInt8] = []
        json.append("{\"queue\":")
        json.appendJSONString(queue)
        json.append(",\"id\":")
        json.appendJSONString(id)
        json.append(",\"reason\":")
        json.appendJSONString(reason)
        json.append(contentsOf: ",\"time\":\(time),\"deliveries\":\(deliveries),\"attempts\":\(attempts)".utf8)
        json.append(",\"body\":")
        if String(validating: body, as: UTF8.self) != nil {
            body.withUnsafeBufferPointer { json.appendJSONString(of: $0) }
        } else {
            json.append("\"")
            Base64.append(body, to: &json)
            json.append("\",\"body_encoding\":\"base64\"")
        }
        json.append("}")
        return json
    }
}
