/// Names of everything kept in Redis beside the queue itself, all derived from the retry set's name.
///
/// | key | type | content |
/// |---|---|---|
/// | `R` | sorted set | entries waiting; score: when they are due, Unix seconds, fractions allowed |
/// | `R:parked:<channel>` | sorted set | claim ids of what is parked for a channel, by the same time: where to look in `R`, which several queues share |
/// | `R:claimed` | hash | claim id → entry |
/// | `R:leases` | sorted set | claim ids; score: when the lease ends, milliseconds since 1970, server's clock |
/// | `R:owners` | hash | claim id → owner, unique per lease |
/// | `R:deliveries` | hash | claim id → leases that expired; none is no field |
/// | `R:heard:<channel>` | hash | series of messages → the highest number claimed; see `RedisPubSubClaimScripts.arrivals`. Also the name of a channel, on which series begin |
/// | `<queue>:dead-letter` | list | JSON documents, newest last |
package struct RedisPubSubKeys: Sendable, Hashable {
    package let retrySet: String

    package init(retrySet: String) { self.retrySet = retrySet }

    package var claimed: String { retrySet + ":claimed" }
    package var leases: String { retrySet + ":leases" }
    package var owners: String { retrySet + ":owners" }
    package var deliveries: String { retrySet + ":deliveries" }

    package func parked(_ channel: String) -> String { "\(retrySet):parked:\(channel)" }

    package func heard(_ channel: String) -> String { "\(retrySet):heard:\(channel)" }
}
