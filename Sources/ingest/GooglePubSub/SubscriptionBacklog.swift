import Foundation
import GooglePubSub
import Loop
import Messages

/// How many messages of a subscription are not acknowledged yet.
///
/// Pub/Sub itself does not report this; Cloud Monitoring does, some minutes late. The emulator has none.
///
/// Source: cloud.google.com/monitoring/api/metrics_gcp (pubsub.googleapis.com/subscription/num_undelivered_messages)
enum SubscriptionBacklog {
    /// The newest value of the last five minutes; `nil` if there is none, or the permission is missing.
    @PipelineActor
    static func read(_ subscription: String, _ client: GooglePubSubClient) async -> Int? {
        guard let monitoring = client.monitoring,
            let url = url(monitoring, subscription, until: Date())
        else { return nil }
        guard let json = try? await client.get(url: url, named: "timeSeries of \(subscription)") else { return nil }
        return newest(in: json)
    }

    /// - Parameter subscription: its full name.
    static func url(_ server: String, _ subscription: String, until end: Date) -> String? {
        let parts = subscription.split(separator: "/")
        guard parts.count == 4, var components = URLComponents(string: "\(server)/v3/projects/\(parts[1])/timeSeries")
        else { return nil }
        let filter =
            "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" "
            + "AND resource.labels.subscription_id=\"\(parts[3])\""
        components.queryItems = [
            URLQueryItem(name: "filter", value: filter),
            URLQueryItem(name: "interval.startTime", value: (end - 300).formatted(.iso8601)),
            URLQueryItem(name: "interval.endTime", value: end.formatted(.iso8601)),
        ]
        return components.string
    }

    /// Points are sorted newest first.
    static func newest(in json: Bytes) -> Int? {
        let document = try? JSONDecoder().decode(Document.self, from: Data(json))
        return document?.timeSeries?.first?.points?.first?.value.int64Value.flatMap { Int($0) }
    }

    private struct Document: Decodable {
        struct Series: Decodable { let points: [Point]? }
        struct Point: Decodable { let value: Value }
        /// 64-bit numbers are strings in Google's JSON.
        struct Value: Decodable { let int64Value: String? }

        let timeSeries: [Series]?
    }
}
