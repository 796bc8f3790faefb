import Foundation
import Messages
import Testing

@testable import GooglePubSub
@testable import GooglePubSubSink
@testable import GooglePubSubSource

struct FormatTests {
    @Test(arguments: ["requests", "projects/other/subscriptions/requests", "projects/a.com:b-1/subscriptions/requests"])
    func takesShortAndFullNames(_ name: String) {
        #expect(ResourceName.problem(name, .subscriptions) == nil)
        let full = ResourceName.full(name, .subscriptions, project: "lab")
        #expect(full == (name == "requests" ? "projects/lab/subscriptions/requests" : name))
    }

    @Test(arguments: [
        "ab", "1abc", "a b c", "google", "projects/p/topics/abc", "projects//subscriptions/abc", "a/b/c",
        "projects/my p/subscriptions/abc", "projects/../subscriptions/abc",
        "projects/p?/subscriptions/abc",
    ])
    func saysWhyANameCannotBeOne(_ name: String) throws {
        let problem = try #require(ResourceName.problem(name, .subscriptions))
        #expect(problem.contains("expected an id or projects/") || problem.contains("is no id of Pub/Sub"))
    }

    @Test
    func readsAPullInOnePass() throws {
        let json = #"""
            {"other": [1, {"a": null}], "receivedMessages": [
              {"ackId": "ack-1", "deliveryAttempt": 3, "message": {"data": "eyJpZCI6ImEifQ==", "messageId": "7",
               "attributes": {"team": "a", "traceparent": "00-…"}, "publishTime": "2026-11-28T00:00:00Z"}},
              {"message": {"messageId": "8"}, "ackId": "ack-2"},
              {"ackId": "", "message": {"data": ""}}]}
            """#
        let messages = try PullAnswer.messages(in: Bytes(json.utf8))
        #expect(messages.map(\.ackID) == ["ack-1", "ack-2"])
        #expect(messages.map(\.deliveryAttempt) == [3, nil])
        #expect(messages[0].data == Array(#"{"id":"a"}"#.utf8))
        #expect(messages[0].attributes == ["team": "a", "traceparent": "00-…"])
        #expect(messages.map(\.messageID) == ["7", "8"])
        #expect(try PullAnswer.messages(in: Bytes("{}".utf8)).isEmpty)
    }

    @Test(arguments: ["", "<html>", #"{"receivedMessages": [{"ackId": "a""#])
    func saysWhenAnAnswerIsNone(_ text: String) {
        #expect(throws: GooglePubSubError.self) { try PullAnswer.messages(in: Bytes(text.utf8)) }
    }

    @Test
    func writesMessagesAsTheServerReadsThem() throws {
        let messages = [
            Publication(data: Bytes("{\"id\":\"ü\"}".utf8), attributes: [("id", "\"a\""), ("status_code", "200")]),
            Publication(data: []),
        ]
        let json = PublishRequest.body(messages, orderingKey: "key")
        let document = try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: [[String: Any]]])
        let written = try #require(document["messages"])
        #expect(written.count == 2)
        #expect(written[0]["attributes"] as? [String: String] == ["id": "\"a\"", "status_code": "200"])
        #expect(written[0]["orderingKey"] as? String == "key")
        let data = try #require(Data(base64Encoded: written[0]["data"] as? String ?? ""))
        #expect(Array(data) == Array("{\"id\":\"ü\"}".utf8))
    }

    @Test
    func cutsCallsByNumberAndBytes() {
        #expect(PublishRequest.calls(sizes: []) == [])
        #expect(PublishRequest.calls(sizes: Array(repeating: 1, count: 2500)) == [0..<1000, 1000..<2000, 2000..<2500])
        #expect(PublishRequest.calls(sizes: [5_000_000, 4_000_000, 1, 9_900_000, 7]) == [0..<2, 2..<3, 3..<4, 4..<5])
    }

    @Test
    func knowsItsReceipts() {
        let receipt = GooglePubSubReceipt(
            subscription: "projects/p/subscriptions/s", messageID: "12", ackDeadline: 10, ackID: "a\"b c:-1")
        #expect(GooglePubSubReceipt(receipt.receipt) == receipt)
        for text in ["", "a\nb\nc", "a\nb\nx\nd", "a\nb\n1\n"] { #expect(GooglePubSubReceipt(Receipt(text)) == nil) }
    }

    @Test
    func readsTheSettingsOfASubscription() throws {
        let json = #"""
            {"name": "projects/p/subscriptions/s", "ackDeadlineSeconds": 45, "enableExactlyOnceDelivery": true,
             "retryPolicy": {"minimumBackoff": "0.500s", "maximumBackoff": "60s"},
             "deadLetterPolicy": {"deadLetterTopic": "projects/p/topics/d", "maxDeliveryAttempts": 7}}
            """#
        let info = try SubscriptionInfo(Bytes(json.utf8))
        #expect(info.ackDeadline == 45)
        #expect(info.minimumBackoff == 500)
        #expect(info.maxAttempts == 7)
        #expect(info.warnings.isEmpty)
    }

    @Test
    func warnsOfEachSettingThatIsMissing() throws {
        let info = try SubscriptionInfo(Bytes(#"{"name": "s", "retryPolicy": {}}"#.utf8))
        #expect(info.minimumBackoff == 10_000)
        #expect(
            info.warnings.map { $0.prefix(28) } == ["Without exactly-once deliver", "Without a dead-letter topic "])
        #expect(try SubscriptionInfo(Bytes("{}".utf8)).warnings.count == 3)
    }

    @Test
    func asksMonitoringForTheLastFiveMinutes() throws {
        let end = Date(timeIntervalSince1970: 1_764_300_000)
        let url = try #require(
            SubscriptionBacklog.url("https://monitoring.googleapis.com", "projects/p/subscriptions/s", until: end))
        #expect(url.hasPrefix("https://monitoring.googleapis.com/v3/projects/p/timeSeries?filter=metric.type%3D%22"))
        #expect(url.contains("subscription_id%3D%22s%22"))
        #expect(url.contains("interval.startTime=2025-11-28T03:15:00Z"))
        #expect(url.contains("interval.endTime=2025-11-28T03:20:00Z"))
    }

    @Test
    func takesTheNewestPointAndNoneForNothing() {
        let json = #"{"timeSeries": [{"points": [{"value": {"int64Value": "42"}}, {"value": {"int64Value": "7"}}]}]}"#
        #expect(SubscriptionBacklog.newest(in: Bytes(json.utf8)) == 42)
        #expect(SubscriptionBacklog.newest(in: Bytes("{}".utf8)) == nil)
        #expect(SubscriptionBacklog.newest(in: Bytes("no JSON".utf8)) == nil)
    }
}
