package import Messages

/// Proof of one delivery: what emit needs to know about a subscription and a message that it never saw.
///
///     subscription \n message id \n ack id
///
/// None of them can hold a line break.
package struct PubSubReceipt: Sendable, Equatable {
    /// Full name.
    package let subscription: String
    /// The request's own id in Pub/Sub; the same for all deliveries.
    package let messageID: String
    /// Another one for each delivery.
    package let ackID: String

    package init(subscription: String, messageID: String, ackID: String) {
        self.subscription = subscription
        self.messageID = messageID
        self.ackID = ackID
    }

    /// `nil` if it is none of Pub/Sub's.
    package init?(_ receipt: Receipt) {
        let parts = receipt.bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty else { return nil }
        subscription = String(decoding: parts[0], as: UTF8.self)
        messageID = String(decoding: parts[1], as: UTF8.self)
        ackID = String(decoding: parts[2], as: UTF8.self)
    }

    package var receipt: Receipt { Receipt("\(subscription)\n\(messageID)\n\(ackID)") }
}
