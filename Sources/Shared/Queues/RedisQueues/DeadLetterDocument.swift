package import Messages
package import Queue

/// What `<queue>:dead-letter` keeps of a request, one JSON object per element, oldest first.
///
///     {"queue":"request-queue","id":"job-17","reason":"…","time":1764045130,"deliveries":6,"attempts":2,
///      "body":"<the message as the producer wrote it>"}
///
/// A message that is not UTF-8, or that is shorter so, stands there as base64 with `"body_encoding":"base64"`. Of one that
/// is too large only the beginning does, with `"body_bytes"` for the size of the whole.
package struct DeadLetterDocument {
    /// The list of a queue's dead letters.
    package static func list(of queue: String) -> String { queue + ":dead-letter" }

    package var queue: String
    package var id: String
    package var reason: String
    /// When it came here, Unix seconds by the server's clock.
    package var time: Int64
    /// Leases that expired.
    package var deliveries: Int
    /// Attempts that failed at the gateway.
    package var attempts: Int
    /// As the producer wrote it, or the beginning of that.
    package var body: Bytes
    /// Bytes of the whole message.
    package var size: Int
    /// Bytes of the largest document that `encoded` makes: a server with its usual settings takes four times this.
    package static let largest = 128 << 20
    /// And of the smallest that is worth anything.
    package static let smallest = 16 << 10

    package init(
        queue: String, id: String, reason: String, time: Int64, deliveries: Int, attempts: Int, body: Bytes,
        size: Int? = nil
    ) {
        self.queue = queue
        self.id = id
        self.reason = reason
        self.time = time
        self.deliveries = deliveries
        self.attempts = attempts
        self.body = body
        self.size = size ?? body.count
    }

    package var encoded: [UInt8] { encoded() }

    /// - Parameter limit: bytes of the document, about; what there is beside the body does not count.
    package func encoded(atMost limit: Int = Self.largest) -> [UInt8] {
        let base64Size = (body.count + 2) / 3 * 4
        let isText = String(validating: body, as: UTF8.self) != nil
        let textSize = isText ? body.withUnsafeBufferPointer { sizeAsJSONString($0) } : .max
        let kept = min(base64Size, textSize) <= limit ? body : body.prefix(limit / 4 * 3)
        let isBase64 = kept.count < body.count || textSize > max(base64Size, 1024)
        var json: [UInt8] = []
        json.append("{\"queue\":")
        json.appendJSONString(queue)
        json.append(",\"id\":")
        json.appendJSONString(id)
        json.append(",\"reason\":")
        json.appendJSONString(reason)
        json.append(contentsOf: ",\"time\":\(time),\"deliveries\":\(deliveries),\"attempts\":\(attempts)".utf8)
        json.append(",\"body\":")
        if isBase64 {
            json.append("\"")
            Base64.append(kept, to: &json)
            json.append("\",\"body_encoding\":\"base64\"")
        } else {
            kept.withUnsafeBufferPointer { json.appendJSONString(of: $0) }
        }
        if kept.count < size { json.append(contentsOf: ",\"body_bytes\":\(size)".utf8) }
        json.append("}")
        return json
    }
}

/// How long the dead letters of some requests may be, where the server did not take a longer one.
///
/// By request: what is large costs nobody else a part of a letter. A request is forgotten when it is settled.
package struct LetterLimits: Sendable {
    private var limits: [Receipt: Int] = [:]

    package init() {}

    /// Bytes of a request's letter.
    package subscript(receipt: Receipt) -> Int { limits[receipt] ?? DeadLetterDocument.largest }

    /// The next letter of what was too large is shorter.
    package mutating func note(_ batch: [Settlement], _ statuses: [SettlementStatus]) {
        for (settlement, status) in zip(batch, statuses) {
            guard case .deadLetter = settlement.action else { continue }
            switch status {
            case .tooLarge:
                limits[settlement.receipt] = max(DeadLetterDocument.smallest, self[settlement.receipt] / 8)
            case .settled, .stale: limits[settlement.receipt] = nil
            case .refused, .delayed: break
            }
        }
    }
}
