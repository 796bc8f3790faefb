import Foundation
import GooglePubSub
import Messages

/// The settings of a subscription that matter here.
///
/// Source: cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions
struct SubscriptionInfo: Sendable, Equatable {
    /// Full name of the topic whose messages it gets; `nil` if it was deleted.
    var topic: String?
    /// Seconds.
    var ackDeadline = 10
    var isExactlyOnce = false
    /// Of the retry policy, milliseconds; `nil` without one.
    var minimumBackoff: Int64?
    /// Deliveries after which Pub/Sub moves a message to the dead-letter topic; `nil` without one.
    var maxAttempts: Int?

    init() {}

    /// - Parameter json: the answer to a GET of the subscription.
    init(_ json: Bytes) throws(GooglePubSubError) {
        let document: Document
        do { document = try JSONDecoder().decode(Document.self, from: Data(json)) } catch {
            throw GooglePubSubError(.noAnswer, "read a subscription", "strange answer: \(error)")
        }
        // A field that has its default, such as a deadline of 10 s, may be left out.
        if let seconds = document.ackDeadlineSeconds, seconds > 0 { ackDeadline = seconds }
        topic = document.topic == "_deleted-topic_" ? nil : document.topic
        isExactlyOnce = document.enableExactlyOnceDelivery ?? false
        minimumBackoff = document.retryPolicy.map { Self.milliseconds($0.minimumBackoff) ?? 10_000 }
        maxAttempts = document.deadLetterPolicy.map { $0.maxDeliveryAttempts ?? 5 }
    }

    /// Missing settings, and their consequences; the user guide asks for all three.
    var warnings: [String] {
        var warnings: [String] = []
        if !isExactlyOnce {
            warnings.append(
                "Without exactly-once delivery Pub/Sub may deliver a request again while it is being worked on")
        }
        if minimumBackoff == nil {
            warnings.append(
                "Without a retry policy requests that are given back come again at once, and delays do not grow")
        }
        if maxAttempts == nil {
            warnings.append(
                "Without a dead-letter topic deliveries are not counted: retries count as new requests, "
                    + "and a request that always fails ends with its deadline only")
        }
        return warnings
    }

    /// A duration such as `10s` or `0.100s`.
    private static func milliseconds(_ text: String?) -> Int64? {
        guard let text, text.hasSuffix("s"), let seconds = Double(text.dropLast()), (0...600).contains(seconds) else {
            return nil
        }
        return Int64((seconds * 1000).rounded())
    }

    private struct Document: Decodable {
        struct RetryPolicy: Decodable { let minimumBackoff: String? }
        struct DeadLetterPolicy: Decodable { let maxDeliveryAttempts: Int? }

        let topic: String?
        let ackDeadlineSeconds: Int?
        let enableExactlyOnceDelivery: Bool?
        let retryPolicy: RetryPolicy?
        let deadLetterPolicy: DeadLetterPolicy?
    }
}
