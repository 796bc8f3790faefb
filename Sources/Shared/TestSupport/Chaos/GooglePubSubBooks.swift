import Synchronization
import TestServers

/// What the producer and the consumer of a Pub/Sub queue know over their connections' ends.
final class GooglePubSubBooks: Sendable {
    private struct State {
        /// Number of the first request of the batch that was published last, by topic.
        var published: [String: Int] = [:]
        /// Results in the order in which they came, without those that nobody asks for any more.
        var results: [[UInt8]] = []
        /// How many those were.
        var forgotten = 0
        /// Numbers of messages that have come; the older ones in a set of their own, which goes when the other is full.
        var known: Set<String> = []
        var older: Set<String> = []
    }

    /// Pub/Sub delivers again within the ack deadline; in that time less than so many come.
    private static let memory = 100_000
    private let state = Mutex(State())

    /// Whether the batch that begins with request `first` is in the topic.
    func isPublished(_ first: Int, to topic: String) -> Bool {
        state.withLock { $0.published[topic].map { first <= $0 } ?? false }
    }

    func published(_ first: Int, to topic: String) { state.withLock { $0.published[topic] = first } }

    /// Keeps results, each once: a message that comes again is not another result.
    func consume(_ deliveries: [GooglePubSubDelivery]) {
        state.withLock { state in
            for delivery in deliveries where !state.older.contains(delivery.messageID) {
                guard state.known.insert(delivery.messageID).inserted else { continue }
                state.results.append(delivery.message.data)
            }
            if state.known.count > Self.memory { (state.known, state.older) = ([], state.known) }
        }
    }

    /// Results from the `position`-th on; those before it are forgotten.
    func results(from position: Int, limit: Int) -> [[UInt8]] {
        state.withLock { state in
            let read = min(max(0, position - state.forgotten), state.results.count)
            state.results.removeFirst(read)
            state.forgotten += read
            return Array(state.results.prefix(limit))
        }
    }
}
