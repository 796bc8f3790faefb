import Foundation
import Messages

/// A message as a producer gives it to Pub/Sub.
package struct GooglePubSubMessage: Sendable, Equatable {
    package var data: [UInt8]
    package var attributes: [String: String]
    /// Empty for none.
    package var orderingKey: String

    package init(_ data: [UInt8], attributes: [String: String] = [:], orderingKey: String = "") {
        self.data = data
        self.attributes = attributes
        self.orderingKey = orderingKey
    }

    package init(_ text: String, attributes: [String: String] = [:]) {
        self.init(Array(text.utf8), attributes: attributes)
    }

    package var text: String { String(decoding: data, as: UTF8.self) }

    func append(to json: inout [UInt8]) {
        json.append(#"{"data":""#)
        Base64.append(data[...], to: &json)
        json.append("\"")
        if !attributes.isEmpty {
            json.append(#","attributes":{"#)
            for (place, (name, value)) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                if place > 0 { json.append(",") }
                json.appendJSONString(name)
                json.append(":")
                json.appendJSONString(value)
            }
            json.append("}")
        }
        if !orderingKey.isEmpty {
            json.append(#","orderingKey":"#)
            json.appendJSONString(orderingKey)
        }
        json.append("}")
    }
}

/// What a subscription is made with.
package struct GooglePubSubSubscription: Sendable {
    package var topic: String
    /// Seconds; Pub/Sub wants 10 to 600.
    package var ackDeadline = 60
    package var isExactlyOnce = false
    package var isOrdered = false
    /// Seconds, how long a message stays away that was not acknowledged; `nil` for not at all.
    package var backoff: ClosedRange<Double>?
    package var deadLetter: DeadLetter?

    package struct DeadLetter: Sendable {
        package var topic: String
        /// Pub/Sub wants 5 to 100.
        package var attempts: Int

        package init(topic: String, after attempts: Int) {
            self.topic = topic
            self.attempts = attempts
        }
    }

    package init(topic: String) { self.topic = topic }

    /// - Parameter project: what the names of topics begin with, such as `projects/lab`.
    func json(project: String) throws -> [UInt8] {
        var fields: [String: Any] = [
            "topic": "\(project)/topics/\(topic)", "ackDeadlineSeconds": ackDeadline,
            "enableExactlyOnceDelivery": isExactlyOnce, "enableMessageOrdering": isOrdered,
        ]
        if let backoff {
            fields["retryPolicy"] = [
                "minimumBackoff": "\(backoff.lowerBound)s", "maximumBackoff": "\(backoff.upperBound)s",
            ]
        }
        if let deadLetter {
            let topic = "\(project)/topics/\(deadLetter.topic)"
            fields["deadLetterPolicy"] =
                ["deadLetterTopic": topic, "maxDeliveryAttempts": deadLetter.attempts] as [String: Any]
        }
        return [UInt8](try JSONSerialization.data(withJSONObject: fields))
    }
}
