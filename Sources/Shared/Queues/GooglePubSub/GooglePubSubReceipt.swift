package import Messages

/// Proof of one delivery: what emit needs to know about a subscription and a message that it never saw.
///
///     subscription \n message id \n ack deadline in s \n ack id
///
/// None of them can hold a line break.
package struct GooglePubSubReceipt: Sendable, Equatable {
    /// Full name.
    package let subscription: String
    /// The request's own id in Pub/Sub; the same for all deliveries.
    package let messageID: String
    /// Of the subscription, seconds.
    package let ackDeadline: Int
    /// Another one for each delivery.
    package let ackID: String

    package init(subscription: String, messageID: String, ackDeadline: Int, ackID: String) {
        self.subscription = subscription
        self.messageID = messageID
        self.ackDeadline = ackDeadline
        self.ackID = ackID
    }

    /// `nil` if it is none of Pub/Sub's.
    package init?(_ receipt: Receipt) {
        let parts = receipt.bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let seconds = Int(String(decoding: parts[2], as: UTF8.self)), !parts[3].isEmpty
        else { return nil }
        subscription = String(decoding: parts[0], as: UTF8.self)
        messageID = String(decoding: parts[1], as: UTF8.self)
        ackDeadline = seconds
        ackID = String(decoding: parts[3], as: UTF8.self)
    }

    package var receipt: Receipt { Receipt("\(subscription)\n\(messageID)\n\(ackDeadline)\n\(ackID)") }
}
