package import Messages

/// Proof of one delivery: what emit needs to know about a subscription and a message that it never saw.
///
///     subscription \n message id \n minimum back-off in ms \n ack id
///
/// None of them can hold a line break.
package struct PubSubReceipt: Sendable, Equatable {
    /// Full name.
    package let subscription: String
    /// The request's own id in Pub/Sub; the same for all deliveries.
    package let messageID: String
    /// Milliseconds that the subscription's retry policy adds to any delay; 0 without one.
    package let minimumBackoff: Int64
    /// Another one for each delivery.
    package let ackID: String

    package init(subscription: String, messageID: String, minimumBackoff: Int64, ackID: String) {
        self.subscription = subscription
        self.messageID = messageID
        self.minimumBackoff = minimumBackoff
        self.ackID = ackID
    }

    /// `nil` if it is none of Pub/Sub's.
    package init?(_ receipt: Receipt) {
        let parts = receipt.bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let backoff = Int64(String(decoding: parts[2], as: UTF8.self)), !parts[3].isEmpty
        else { return nil }
        subscription = String(decoding: parts[0], as: UTF8.self)
        messageID = String(decoding: parts[1], as: UTF8.self)
        minimumBackoff = backoff
        ackID = String(decoding: parts[3], as: UTF8.self)
    }

    package var receipt: Receipt {
        Receipt("\(subscription)\n\(messageID)\n\(minimumBackoff)\n\(ackID)")
    }

    /// Seconds for which a message that is not wanted before `delay` (ms) stays with us, in its ack deadline.
    ///
    /// When an ack deadline is over, as after a nack, the subscription's retry policy adds its own back-off, at least
    /// the minimum: what that covers need not be waited out here. A deadline has whole seconds, 600 at most: a longer
    /// delay comes early to that extent, which no flag of ours asks for but `Retry-After` may.
    ///
    /// Source: cloud.google.com/pubsub/docs/handling-failures#exponential_backoff; modifyAckDeadline
    package func seconds(parkedFor delay: Int64) -> Int {
        let own = max(0, delay - minimumBackoff)
        return Int(min(600, (own + 999) / 1000))
    }
}
