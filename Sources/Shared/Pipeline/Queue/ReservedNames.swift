/// Names in Redis under which requests are kept, in any state: no result may go there, or requests and producers meet a
/// list where a set or a hash should be, and all of them stop.
///
/// Known are the queues of the settings, what has been seen of others, and what every queue's names look like; a key of
/// another type refuses a result by itself.
package struct ReservedNames: Sendable, Equatable {
    private var names: Set<String> = []
    /// Names that only messages could bring have an end.
    private static let most = 4096

    package init(_ queues: [QueueSettings] = []) {
        for queue in queues { insert(queue.name, queue.retryQueue) }
    }

    /// - Returns: whether one of them was not known.
    @discardableResult
    package mutating func insert(_ queue: String, _ retrySet: String) -> Bool {
        guard !names.contains(queue) || !names.contains(retrySet), names.count < Self.most else { return false }
        names.formUnion([queue, retrySet])
        return true
    }

    /// Why nothing may be written there; `nil` if it may.
    package func problem(_ name: String) -> String? {
        let isOurs =
            names.contains(name) || Self.prefixes.contains { name.hasPrefix($0) }
            || Self.suffixes.contains { name.hasSuffix($0) } || name.contains(":heard:") || name.contains(":parked:")
        return isOurs ? "\(name.prefix(200)) is a name under which requests are kept" : nil
    }

    /// Leases and states of sorted sets, and what producers of llm-d-async keep of requests.
    private static let prefixes = ["async:", "request-active:", "request-cancel:", "__redis__:"]
    /// Claims of channels, dead letters, and the claims of llm-d-async.
    private static let suffixes = [":dead-letter", ":claimed", ":leases", ":owners", ":deliveries"]
}
