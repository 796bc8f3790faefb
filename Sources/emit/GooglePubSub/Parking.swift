import GooglePubSub
import HeapModule
import Queue

/// Deliveries that wait in their ack deadlines until an attempt may be made again.
///
/// When a delivery is due it is given back, to the millisecond; a deadline has whole seconds. The deadline is longer
/// than the wait and is the fallback: if this process dies, the expired deadline brings the request back a little
/// later. (If the subscription has a retry policy, Google's emulator forgets deliveries whose deadline ran out, most of
/// them if there are many; it does not forget those that were given back.) A subscription's retry policy adds its own
/// back-off.
///
/// Their number is limited, for all subscriptions together, each of which has its share. The caller checks `hasRoom`
/// first; a delivery without room stays leased until others have been given back.
///
/// A value: time is passed in, from a monotonic clock.
struct Parking: Sendable {
    private struct Delivery: Sendable, Comparable {
        /// When an action is needed: it is due, or its deadline must be extended.
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
    ///   - maxBytes: memory that they may use.
    init(most: Int = 100_000, maxBytes: Int = 32 << 20) { shares = QueueShares(count: most, bytes: maxBytes) }

    var count: Int { shares.count }

    /// Whether another delivery of a subscription can be kept.
    mutating func hasRoom(for subscription: String) -> Bool { shares.hasRoom(lane: lanes[subscription]) }

    /// Bytes of a delivery beside its ack ID.
    private static let overhead = 160

    /// When the next action is needed.
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

    /// The actions needed now, by subscription and action; afterwards `add` is to be called for the extended
    /// deliveries.
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
