import GooglePubSub
import HeapModule
import Queue

/// Deliveries that wait in their ack deadlines until an attempt may be made again.
///
/// When its time has come a delivery is given back, to the millisecond; a deadline has whole seconds. The deadline is
/// longer than the wait and is the net under it: if this process dies, it brings the request back a little later.
/// (Google's emulator forgets deliveries whose deadline ran out where the subscription has a retry policy, most of
/// them if there are many; those that were given back it does not.) A subscription's retry policy adds its own back-off.
///
/// How many there are is limited, for all subscriptions together, each of which has its share: whoever asks `hasRoom` first
/// keeps what has none where it is, leased, until some have been given back.
///
/// A value: time is passed in, from a monotonic clock.
struct Parking: Sendable {
    private struct Delivery: Sendable, Comparable {
        /// When something has to be done about it: its time has come, or its deadline needs extending.
        let look: Duration
        let due: Duration
        let subscription: String
        let ackID: String
        let share: QueueShares.Share

        static func < (a: Delivery, b: Delivery) -> Bool { a.look < b.look }
    }

    /// From when a delivery is given back to the end of its deadline, seconds.
    private static let margin: Int64 = 10
    /// The longest ack deadline there is, seconds.
    ///
    /// Source: cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/modifyAckDeadline
    private static let longest: Int64 = 600

    private var deliveries = Heap<Delivery>()
    private var lanes = QueueNumbers()
    private var shares: QueueShares

    /// - Parameters:
    ///   - most: deliveries, of all subscriptions.
    ///   - maxBytes: that they cost.
    init(most: Int = 100_000, maxBytes: Int = 32 << 20) { shares = QueueShares(count: most, bytes: maxBytes) }

    var count: Int { shares.count }

    /// Whether another delivery of a subscription can be kept.
    mutating func hasRoom(for subscription: String) -> Bool { shares.hasRoom(lane: lanes[subscription]) }

    /// Bytes of a delivery beside its ack ID.
    private static let overhead = 160

    /// When something has to be done.
    var next: Duration? { deliveries.min?.look }

    /// The ack deadline of a delivery that is parked for `delay` milliseconds; 0: it is given back at once.
    static func seconds(_ delay: Int64) -> Int { delay <= 0 ? 0 : Int(min(longest, (delay + 999) / 1000 + margin)) }

    /// Keeps a delivery whose deadline has just been set to `seconds` of `delay`.
    mutating func add(_ ackID: String, of subscription: String, for delay: Duration, at now: Duration) {
        let look = min(delay, .seconds(Self.longest - Self.margin))
        let share = QueueShares.Share(lane: lanes[subscription], bytes: ackID.utf8.count + Self.overhead)
        shares.add(share)
        deliveries.insert(
            Delivery(look: now + look, due: now + delay, subscription: subscription, ackID: ackID, share: share))
    }

    /// What has to be done now, by subscription and action; afterwards `add` is to be called for what was extended.
    mutating func take(at now: Duration) -> [SettlementRun.Group: [(ackID: String, left: Duration)]] {
        var groups: [SettlementRun.Group: [(ackID: String, left: Duration)]] = [:]
        while let first = deliveries.min, first.look <= now {
            deliveries.removeMin()
            shares.remove(first.share)
            let left = max(.zero, first.due - now)
            let seconds = Self.seconds(Int64(left / .milliseconds(1)))
            groups[.init(subscription: first.subscription, action: .extend(seconds: seconds)), default: []]
                .append((first.ackID, left))
        }
        return groups
    }
}
