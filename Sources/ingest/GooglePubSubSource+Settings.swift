import Foundation
import GooglePubSub
import GooglePubSubSource
import Logging
import Loop
import Queue
import Settings

extension GooglePubSubSource {
    /// - Throws: `SettingsError` when the subscription's name is invalid, or no credentials are found.
    convenience init(_ queue: QueueSettings, _ server: QueueServerSettings, logger: Logger) throws {
        if let problem = ResourceName.problem(queue.name, .subscriptions) {
            throw SettingsError("--pubsub.request-subscriber-id", problem)
        }
        do throws(GooglePubSubError) {
            self.init(
                subscription: ResourceName.full(queue.name, .subscriptions, project: server.pubsubProject),
                project: server.pubsubProject,
                resultTopics: [queue.resultDestination ?? queue.defaultResultDestination].map {
                    ResourceName.full($0, .topics, project: server.pubsubProject)
                },
                client: try GooglePubSubClient(environment: ProcessInfo.processInfo.environment, connections: 16),
                logger: logger)
        } catch {
            throw SettingsError("--message-queue-impl gcp-pubsub", error.description)
        }
    }
}
