import Messages

/// Names under which requests are kept, in any state: no result may go there, or requests and producers meet a list
/// where a set or a hash should be, or results come back as requests.
///
/// Known are the queues of the settings, what has been seen of others, and what the names of any queue's keys look like.
/// A key of another type refuses a result by itself.
package struct ReservedNames: Sendable, Equatable {
    /// What names stand for.
    package enum Space: Sendable {
        /// Keys of a Redis server.
        case keys
        /// Channels or topics.
        case channels
    }

    private var names: Set<ExactText> = []
    /// Names of queues that only messages have brought: there is an end to them.
    private static let most = 4096

    package init(_ space: Space, _ queues: [QueueSettings] = []) {
        for queue in queues { insert(queue.name, space == .keys ? queue.retryQueue : queue.name) }
    }

    /// - Returns: whether one of them was not known.
    @discardableResult
    package mutating func insert(_ queue: String, _ retrySet: String) -> Bool {
        let (queue, retrySet) = (ExactText(queue), ExactText(retrySet))
        guard !names.contains(queue) || !names.contains(retrySet), names.count < Self.most else { return false }
        names.formUnion([queue, retrySet])
        return true
    }

    /// Why no result may go there; `nil` if it may.
    package func problem(_ name: String) -> String? {
        guard names.contains(ExactText(name)) || isOfAQueue(name) else { return nil }
        return Self.reason(name)
    }

    /// What is wrong with a result that goes to such a name.
    package static func reason(_ name: String) -> String {
        "\(name.prefix(200)) is where requests are kept, no place for results"
    }

    private func isOfAQueue(_ name: String) -> Bool {
        name == "__redis__:invalidate" || Self.prefixes.contains { name.hasPrefix($0) }
            || Self.suffixes.contains { name.hasSuffix($0) } || Self.parts.contains { name.contains($0) }
    }

    /// Leases and states of sorted sets, and what producers of llm-d-async keep of requests.
    private static let prefixes = ["async:", "request-active:", "request-cancel:"]
    /// Claims of channels, dead letters, and the claims of llm-d-async.
    private static let suffixes = [":dead-letter", ":claimed", ":leases", ":owners", ":deliveries"]
    /// What is heard on channels, and parked.
    private static let parts = [":seen:", ":heard:", ":parked:"]
}
