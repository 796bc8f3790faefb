import Messages

/// A message to publish.
struct Publication: Sendable, Equatable {
    var data: Bytes
    var attributes: [(name: String, value: String)]

    init(data: Bytes, attributes: [(name: String, value: String)] = []) {
        self.data = data
        self.attributes = attributes
    }

    static func == (one: Publication, other: Publication) -> Bool {
        one.data == other.data && one.attributes.elementsEqual(other.attributes) { $0 == $1 }
    }

    /// Bytes as Pub/Sub counts them, about: data, attributes, and overhead.
    var size: Int {
        attributes.reduce(data.count + 64) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
    }

    /// The size limit of one message.
    ///
    /// Pub/Sub takes 10 MB, everything else in the call included.
    ///
    /// Source: cloud.google.com/pubsub/quotas#resource_limits
    static let largest = 9_900_000
}

/// The body of a call of `publish`.
///
/// Source: cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
enum PublishRequest {
    /// Messages per call, at most, and bytes, unless a single message has more.
    static let maxMessages = 1000
    static let maxBytes = 9_000_000

    /// - Parameter orderingKey: empty for none.
    static func body(_ messages: some Collection<Publication>, orderingKey: String) -> [UInt8] {
        var json: [UInt8] = []
        let size = messages.reduce(64) { $0 + Base64.encodedCount($1.data.count) + $1.size - $1.data.count }
        json.reserveCapacity(size + messages.count * orderingKey.utf8.count)
        json.append("{\"messages\":[")
        for (index, message) in messages.enumerated() {
            if index > 0 { json.append(",") }
            append(message, orderingKey, to: &json)
        }
        json.append("]}")
        return json
    }

    private static func append(_ message: Publication, _ orderingKey: String, to json: inout [UInt8]) {
        json.append("{\"data\":\"")
        Base64.append(message.data, to: &json)
        json.append("\",\"attributes\":{")
        for (index, attribute) in message.attributes.enumerated() {
            if index > 0 { json.append(",") }
            json.appendJSONString(attribute.name)
            json.append(":")
            json.appendJSONString(attribute.value)
        }
        json.append("}")
        if !orderingKey.isEmpty {
            json.append(",\"orderingKey\":")
            json.appendJSONString(orderingKey)
        }
        json.append("}")
    }

    /// Cuts messages into calls.
    ///
    /// - Returns: ranges of `sizes`, bytes of each message, in order.
    static func calls(sizes: [Int]) -> [Range<Int>] {
        var calls: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (index, size) in sizes.enumerated() {
            if index > start, index - start == maxMessages || bytes + size > maxBytes {
                calls.append(start..<index)
                start = index
                bytes = 0
            }
            bytes += size
        }
        if start < sizes.count { calls.append(start..<sizes.count) }
        return calls
    }
}
