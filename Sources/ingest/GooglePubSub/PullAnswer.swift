import GooglePubSub
import Messages

/// A message as a pull returns it.
struct PulledMessage: Sendable, Equatable {
    var ackID = ""
    var messageID = ""
    /// As the producer wrote it.
    var data: [UInt8] = []
    var attributes: [String: String] = [:]
    /// Milliseconds since 1970; 0 where it is not told.
    var publishedAt: Int64 = 0
    /// Which delivery this is, from 1 on; `nil` without a dead-letter policy: then Pub/Sub does not count.
    var deliveryAttempt: Int?

    init() {}
}

/// The answer to a pull, read in one pass: messages are large, and there may be a thousand of them.
///
///     {"receivedMessages": [{"ackId": "…", "deliveryAttempt": 1,
///       "message": {"data": "base64", "attributes": {"k": "v"}, "messageId": "7", "publishTime": "…"}}]}
///
/// Source: cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/pull
enum PullAnswer {
    /// - Throws: when the server's answer is invalid; a single message whose data is not base64 is one without data.
    static func messages(in json: Bytes) throws(GooglePubSubError) -> [PulledMessage] {
        var messages: [PulledMessage] = []
        var scanner = JSONScanner(json)
        do throws(JSONError) {
            try scanner.readMembers(depth: 0) { (scanner, name) throws(JSONError) in
                guard name == "receivedMessages", try scanner.nextKind() == .array else { return false }
                try scanner.readArray(depth: 1) { (scanner) throws(JSONError) in
                    messages.append(try message(&scanner))
                }
                return true
            }
        } catch {
            throw GooglePubSubError(.noAnswer, "read the answer to a pull", "it is not what a pull answers: \(error)")
        }
        return messages.filter { !$0.ackID.isEmpty }
    }

    private static func message(_ scanner: inout JSONScanner) throws(JSONError) -> PulledMessage {
        var message = PulledMessage()
        try scanner.readMembers(depth: 2) { (scanner, name) throws(JSONError) in
            switch (name, try scanner.nextKind()) {
            case ("ackId", .string): message.ackID = scanner.text(of: try scanner.readString())
            case ("deliveryAttempt", .number):
                message.deliveryAttempt = Int(scanner.text(of: try scanner.readNumber()))
            case ("message", .object): try readBody(&scanner, &message)
            default: return false
            }
            return true
        }
        return message
    }

    private static func readBody(_ scanner: inout JSONScanner, _ message: inout PulledMessage) throws(JSONError) {
        try scanner.readMembers(depth: 3) { (scanner, name) throws(JSONError) in
            switch (name, try scanner.nextKind()) {
            case ("data", .string):
                message.data = Base64.decode(scanner.contents(of: try scanner.readString())) ?? []
            case ("messageId", .string): message.messageID = scanner.text(of: try scanner.readString())
            case ("publishTime", .string):
                message.publishedAt = PublishTime.milliseconds(of: scanner.text(of: try scanner.readString())) ?? 0
            case ("attributes", .object): message.attributes = try attributes(&scanner)
            default: return false
            }
            return true
        }
    }

    private static func attributes(_ scanner: inout JSONScanner) throws(JSONError) -> [String: String] {
        var attributes: [String: String] = [:]
        try scanner.readObject(depth: 4) { (scanner, token) throws(JSONError) in
            let name = scanner.text(of: token)
            if try scanner.nextKind() == .string {
                attributes[name] = scanner.text(of: try scanner.readString())
            } else {
                try scanner.skipValue(depth: 5)
            }
        }
        return attributes
    }
}

extension JSONScanner {
    /// Reads an object: calls `member` with each name; where that returns `false`, having read nothing, the value is
    /// skipped.
    fileprivate mutating func readMembers(
        depth: Int, _ member: (inout JSONScanner, String) throws(JSONError) -> Bool
    ) throws(JSONError) {
        try readObject(depth: depth) { (scanner, token) throws(JSONError) in
            let name = scanner.text(of: token)
            if try !member(&scanner, name) { try scanner.skipValue(depth: depth + 1) }
        }
    }
}
