import GateRules
import Messages
package import Queue

/// Where the queues are and which there are.
package struct QueueServerSettings: Sendable, Equatable {
    package var kind: QueueKind
    /// URL, or `host:port`, of the Redis server.
    package var redis: Secret
    /// Which flag, variable or field said so, for messages.
    package var redisSource: String
    /// Whether a message of a channel is taken once, however many ingest processes hear it.
    package var deduplicates: Bool
    package var sqlitePath: String
    /// Empty unless given.
    package var pubsubProject: String
    package var pubsubResultTopic: String
    /// Of every result; empty for none.
    package var pubsubOrderingKey: String
    /// The queues ingest reads, at least one; for emit, whatever its flags or file name.
    package var queues: [QueueSettings]
    /// The retry queue of all queues that name none of their own.
    package var retryQueue: String
    /// Where results go when neither the queue nor the message says.
    package var resultDestination: String

    func describe() -> [(name: String, value: String)] {
        var list = [(name: "--message-queue-impl", value: kind.rawValue)]
        switch kind.descriptor.server {
        case .redis: list.append((name: "--redis.url", value: redacted(redis.value)))
        case .sqlite: list.append((name: "--sqlite.path", value: sqlitePath))
        case .googlePubSub: list.append((name: "--pubsub.project-id", value: pubsubProject))
        }
        return list
    }

    /// The same, and each queue on a line of its own.
    func describeQueues() -> [(name: String, value: String)] {
        queues.enumerated().map { offset, queue in
            let results = queue.resultDestination ?? queue.defaultResultDestination
            var value = "\(queue.name) to \(queue.target.shown)"
            if !queue.objective.isEmpty { value += ", objective \(queue.objective)" }
            if queue.gate != .constant { value += ", gate \(queue.gate.typeName)" }
            if !queue.labels.isEmpty {
                value +=
                    ", labels " + queue.labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
            }
            if !queue.pool.isEmpty { value += ", pool \(queue.pool)" }
            if !results.isEmpty { value += ", results to \(results)" }
            return (name: "queue.\(offset + 1)", value: value)
        }
    }
}
