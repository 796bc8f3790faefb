import Foundation
import Messages

/// A Pub/Sub call that did not work.
package struct GooglePubSubFailure: Error, CustomStringConvertible {
    /// Which call on what, such as `POST /v1/projects/lab/topics/requests:publish`.
    package let operation: String
    package let reason: String
    /// Of the answer; `nil` if there was none: then nobody knows whether the call has had an effect.
    package let status: Int?

    package var description: String { "\(operation): \(reason)" }
}

/// Pub/Sub's REST interface over one connection that is kept, used by one thread at a time; each call blocks.
///
/// Source: cloud.google.com/pubsub/docs/reference/rest.
package final class GooglePubSubSession {
    private let connection: KeptConnection
    private let project: String

    /// - Parameters:
    ///   - port: of the loopback address.
    ///   - limit: how long a call may take.
    package init(port: Int, project: String = "lab", limit: Duration = .seconds(10)) {
        connection = KeptConnection(port: port, limit: limit)
        self.project = "projects/\(project)"
    }

    // MARK: Topics and subscriptions

    package func createTopic(_ name: String) throws(GooglePubSubFailure) {
        _ = try call("PUT", "topics/\(name)", Array("{}".utf8))
    }

    package func createSubscription(_ name: String, _ subscription: GooglePubSubSubscription) throws {
        _ = try call("PUT", "subscriptions/\(name)", subscription.json(project: project))
    }

    /// Names of all topics, such as `projects/lab/topics/requests`.
    package func topics() throws(GooglePubSubFailure) -> [String] {
        let topics = try object(call("GET", "topics", []))["topics"] as? [[String: Any]]
        return (topics ?? []).compactMap { $0["name"] as? String }
    }

    // MARK: Messages

    /// Publishes at most 1,000 messages.
    ///
    /// - Returns: the number that Pub/Sub gave to each.
    @discardableResult
    package func publish(_ messages: [GooglePubSubMessage], to topic: String) throws(GooglePubSubFailure) -> [String] {
        var body: [UInt8] = []
        body.append(#"{"messages":["#)
        for (place, message) in messages.enumerated() {
            if place > 0 { body.append(",") }
            message.append(to: &body)
        }
        body.append("]}")
        return try object(call("POST", "topics/\(topic):publish", body))["messageIds"] as? [String] ?? []
    }

    /// Takes messages; the emulator gives at most 100 at once.
    ///
    /// - Parameter waits: for a message if there is none, longer than most limits: 89 s.
    package func pull(_ subscription: String, most: Int = 100, waits: Bool = false) throws(GooglePubSubFailure)
        -> [GooglePubSubDelivery]
    {
        var body: [UInt8] = []
        body.append(contentsOf: #"{"maxMessages":\#(most),"returnImmediately":\#(!waits)}"#.utf8)
        let answer = try call("POST", "subscriptions/\(subscription):pull", body)
        do { return try GooglePubSubDelivery.all(in: answer.body[...]) } catch { throw answer.failure("\(error)") }
    }

    package func acknowledge(_ ackIDs: [String], of subscription: String) throws(GooglePubSubFailure) {
        if ackIDs.isEmpty { return }
        _ = try call("POST", "subscriptions/\(subscription):acknowledge", Self.body(ackIDs) + Array("}".utf8))
    }

    /// Lets messages be handed out again so many seconds from now, if they are not acknowledged before; 0 for at once.
    package func modifyAckDeadline(_ ackIDs: [String], of subscription: String, seconds: Int)
        throws(GooglePubSubFailure)
    {
        if ackIDs.isEmpty { return }
        let end = #","ackDeadlineSeconds":\#(seconds)}"#
        _ = try call("POST", "subscriptions/\(subscription):modifyAckDeadline", Self.body(ackIDs) + Array(end.utf8))
    }

    /// The start of a body that names messages.
    private static func body(_ ackIDs: [String]) -> [UInt8] {
        var body: [UInt8] = []
        body.append(#"{"ackIds":["#)
        for (place, ackID) in ackIDs.enumerated() {
            if place > 0 { body.append(",") }
            body.appendJSONString(ackID)
        }
        body.append("]")
        return body
    }

    /// The answer to a call that worked.
    private struct Answer {
        let operation: String
        let status: Int
        let body: [UInt8]

        func failure(_ reason: String) -> GooglePubSubFailure {
            GooglePubSubFailure(operation: operation, reason: "\(status) \(reason)", status: status)
        }
    }

    private func call(_ method: String, _ resource: String, _ body: [UInt8]) throws(GooglePubSubFailure) -> Answer {
        let path = "/v1/\(project)/\(resource)"
        let operation = "\(method) \(path)"
        let answer: HTTPAnswer
        do { answer = try connection.exchange(method, path, body) } catch {
            throw GooglePubSubFailure(operation: operation, reason: error.description, status: nil)
        }
        let whole = Answer(operation: operation, status: answer.status, body: answer.body)
        if answer.status == 200 { return whole }
        throw whole.failure(String(decoding: answer.body.prefix(300), as: UTF8.self))
    }

    private func object(_ answer: Answer) throws(GooglePubSubFailure) -> [String: Any] {
        guard let json = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] else {
            throw answer.failure("and no JSON object")
        }
        return json
    }
}
