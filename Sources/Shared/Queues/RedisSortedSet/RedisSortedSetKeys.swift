import Messages
import RedisQueues

/// Names of everything kept in Redis for a queue that is a sorted set.
///
/// | key | type | content |
/// |---|---|---|
/// | `Q` | sorted set | requests waiting, as the producer wrote them; score: deadline, Unix seconds, fractions for order |
/// | `R` | sorted set | parked requests of one or several queues; score: when they are due, Unix seconds with fractions |
/// | `async:Q:requests` | hash | submission → the producer's bytes, while leased or parked |
/// | `async:Q:leases` | sorted set | submission; score: when its lease ends, milliseconds since 1970, server's clock |
/// | `async:Q:state` | hash | submission → state, see below |
/// | `async:Q:parked` | sorted set | parked submissions by the same due time as in `R`: where to look in `R`, which several queues share |
/// | `async:Q:since` | sorted set | parked submissions; score: when they were parked, milliseconds since 1970, server's clock |
/// | `async:Q:again` | hash | submission → `<score> <bytes>`: put on `Q` while the same bytes are leased or parked; goes back to `Q` when those have their record |
/// | `async:Q:look` | string | how far `R` has been looked through for what others put there; there only between two looks |
/// | `Q:dead-letter` | list | JSON documents, newest last |
///
/// A submission is called by the SHA-1 of its bytes, 40 hexadecimal digits: a member of a set is its bytes. Its state is
///
///     L<owner> <born> <score> <attempts> <deliveries>     leased by <owner>, unique per call that claims
///     P<due>   <born> <score> <attempts> <deliveries>     parked; <due> is its score in R
///     W        <born> <score> <attempts> <deliveries>     waiting in Q again, with counts to be remembered
///
/// in which `born` names the claim it was first taken by: the same bytes put on the queue again after their record was
/// written are another submission with another `born`. Requests that wait and have no counts have no state.
///
/// Our own names do not begin with the queue's: whoever watches keys by that prefix hears of arrivals only.
package struct RedisSortedSetKeys: Sendable, Hashable {
    package let queue: String
    package let retrySet: String

    package init(queue: String, retrySet: String) {
        self.queue = queue
        self.retrySet = retrySet
    }

    package var requests: String { "async:\(queue):requests" }
    package var leases: String { "async:\(queue):leases" }
    package var state: String { "async:\(queue):state" }
    package var parked: String { "async:\(queue):parked" }
    package var since: String { "async:\(queue):since" }
    package var again: String { "async:\(queue):again" }
    package var look: String { "async:\(queue):look" }
    package var deadLetters: String { DeadLetterDocument.list(of: queue) }

    /// The first keys of the scripts that claim and that settle.
    package var common: [String] { [queue, retrySet, requests, leases, state, parked, since, again] }

    /// What the producer of llm-d-async keeps of its newest submission with this id: its token.
    package static func active(_ id: String) -> String { "\(activePrefix)\(id)" }
    static let activePrefix: StaticString = "request-active:"

    /// The token of the submission with this id that its producer has cancelled.
    package static func cancelled(_ id: String) -> String { "\(cancelledPrefix)\(id)" }
    static let cancelledPrefix: StaticString = "request-cancel:"

    // Names are their bytes: é as one code point and as two are two keys.

    package static func == (one: Self, other: Self) -> Bool {
        ExactText(one.queue) == ExactText(other.queue) && ExactText(one.retrySet) == ExactText(other.retrySet)
    }

    package func hash(into hasher: inout Hasher) {
        ExactText(queue).hash(into: &hasher)
        ExactText(retrySet).hash(into: &hasher)
    }
}
