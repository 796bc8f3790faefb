import Messages

/// A message as a subscription hands it out.
package struct GooglePubSubDelivery: Sendable, Equatable {
    package private(set) var ackID = ""
    package private(set) var messageID = ""
    package private(set) var message = GooglePubSubMessage([])
    /// From 1; `nil` without a dead-letter policy.
    package private(set) var deliveryAttempt: Int?

    private init() {}

    /// Reads the answer to a pull; in one pass, since what a bare client can do is measured with it.
    static func all(in answer: Bytes) throws(JSONError) -> [GooglePubSubDelivery] {
        var deliveries: [GooglePubSubDelivery] = []
        var scanner = JSONScanner(answer)
        try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
            guard scanner.text(of: name) == "receivedMessages" else { return _ = try scanner.skipValue(depth: 1) }
            try scanner.readArray(depth: 1) { (scanner) throws(JSONError) in
                var delivery = GooglePubSubDelivery()
                try scanner.readObject(depth: 2) { (scanner, name) throws(JSONError) in
                    try delivery.read(scanner.text(of: name), &scanner)
                }
                deliveries.append(delivery)
            }
        }
        return deliveries
    }

    private mutating func read(_ name: String, _ scanner: inout JSONScanner) throws(JSONError) {
        switch name {
        case "ackId": ackID = try scanner.readText()
        case "deliveryAttempt":
            _ = try scanner.nextKind()
            deliveryAttempt = Int(scanner.text(of: try scanner.readNumber()))
        case "message":
            try scanner.readObject(depth: 3) { (scanner, name) throws(JSONError) in
                try readMessage(scanner.text(of: name), &scanner)
            }
        default: try scanner.skipValue(depth: 3)
        }
    }

    private mutating func readMessage(_ name: String, _ scanner: inout JSONScanner) throws(JSONError) {
        switch name {
        case "messageId": messageID = try scanner.readText()
        case "orderingKey": message.orderingKey = try scanner.readText()
        case "data":
            _ = try scanner.nextKind()
            message.data = Base64.decode(scanner.contents(of: try scanner.readString())) ?? []
        case "attributes":
            try scanner.readObject(depth: 4) { (scanner, name) throws(JSONError) in
                message.attributes[scanner.text(of: name)] = try scanner.readText()
            }
        default: try scanner.skipValue(depth: 4)
        }
    }
}

extension JSONScanner {
    /// The string that comes next; `nextKind` skips the white space before it.
    fileprivate mutating func readText() throws(JSONError) -> String {
        _ = try nextKind()
        return text(of: try readString())
    }
}
