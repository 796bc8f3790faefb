import Foundation
import GooglePubSub
import GooglePubSubSink
import Loop
import Settings

extension GooglePubSubSink {
    /// - Throws: `SettingsError` when the topic's name is invalid, or no credentials are found.
    convenience init(_ server: QueueServerSettings) throws {
        if let problem = ResourceName.problem(server.pubsubResultTopic, .topics) {
            throw SettingsError("--pubsub.result-topic-id", problem)
        }
        do throws(GooglePubSubError) {
            self.init(
                client: try GooglePubSubClient(environment: ProcessInfo.processInfo.environment, connections: 8),
                project: server.pubsubProject, defaultTopic: server.pubsubResultTopic,
                orderingKey: server.pubsubOrderingKey)
        } catch {
            throw SettingsError("--message-queue-impl gcp-pubsub", error.description)
        }
    }
}
