package import Queue

/// How many more requests each queue may have leased now.
///
/// The room is that of the downstream peers, and perhaps an upper bound of this process. With k queues, one of them
/// never has more than 1 − 1/(2k) of it, so that a queue whose gateway is silent or whose results cannot be written
/// does not block the others; and every queue may always have one request open.
///
/// Where queues have ranks, a higher one leaves a sixteenth to those below it (`FairShare`; nothing where order is
/// strict), and what a lower one has leased
/// and not sent takes no room from a higher one; but a lower one may always have a few at hand, or it would never have
/// one when its turn comes.
///
/// Bytes are limited for all queues together, each of which has its share (`QueueShares`). The size of a request is
/// known only once it is leased: a lease may exceed the limit by the bytes that a source leases at once, a few
/// megabytes.
package struct Admission: Sendable, Equatable {
    /// Upper bound for all open requests of this process; `nil` for the peers' room alone.
    package let maxInFlight: Int?
    /// Requests leased and not yet settled, per queue: sent or still to be sent.
    package private(set) var open: [Int]
    /// Of these, not yet sent, per queue.
    package private(set) var buffered: [Int]
    /// Per queue; the lower, the earlier.
    private let ranks: [Int]
    private let hasRanks: Bool
    private let isStrict: Bool
    /// Per queue: how many are not below it, itself included.
    private let notBelow: [Int]
    private var bytes: QueueShares

    /// - Parameters:
    ///   - maxOpenBytes: of all open requests of this process.
    ///   - ranks: per queue; empty if there are none.
    ///   - isStrict: a higher one leaves nothing to those below it.
    package init(
        queues: Int, maxInFlight: Int?, maxOpenBytes: Int = .max, ranks: [Int] = [], isStrict: Bool = false
    ) {
        precondition(queues > 0, "an ingest serves at least one queue")
        self.maxInFlight = maxInFlight
        self.ranks = ranks.isEmpty ? Array(repeating: 0, count: queues) : ranks
        hasRanks = Set(ranks).count > 1
        self.isStrict = isStrict
        notBelow = self.ranks.map { [ranks = self.ranks] rank in ranks.count { $0 <= rank } }
        open = Array(repeating: 0, count: queues)
        buffered = Array(repeating: 0, count: queues)
        bytes = QueueShares(bytes: maxOpenBytes, queues: queues)
    }

    /// Bytes of all open requests.
    package var openBytes: Int { bytes.byteCount }

    /// The settings that keep more requests from being leased; none of them while only the peers do.
    package var limitsReached: [String] {
        var flags: [String] = []
        if let maxInFlight, open.reduce(0, +) >= maxInFlight { flags.append("--max-in-flight") }
        if open.indices.contains(where: { !bytes.hasRoom(lane: $0) }) { flags.append("--max-open-bytes") }
        return flags
    }

    /// A request has been leased.
    package mutating func leased(_ share: QueueShares.Share) {
        open[share.lane] += 1
        buffered[share.lane] += 1
        bytes.add(share)
    }

    package mutating func sent(queue: Int) { buffered[queue] -= 1 }

    /// A request that was sent has been settled.
    package mutating func settled(_ share: QueueShares.Share) {
        open[share.lane] -= 1
        bytes.remove(share)
    }

    /// A request that was not sent is gone: given back, or leased by another process.
    package mutating func dropped(_ share: QueueShares.Share) {
        settled(share)
        buffered[share.lane] -= 1
    }

    /// How many requests this process could have open.
    ///
    /// - Parameter room: how many more messages the downstream peers take now.
    package func places(room: Int) -> Int {
        let total = open.reduce(0, +) - buffered.reduce(0, +) + room
        return maxInFlight.map { min($0, total) } ?? total
    }

    /// How many requests `queue` may lease now.
    ///
    /// - Parameter room: how many more messages the downstream peers take now.
    package func permits(queue: Int, room: Int) -> Int {
        guard bytes.hasRoom(lane: queue) else { return 0 }
        let allOpen = open.reduce(0, +)
        let unsent = buffered.reduce(0, +)
        let total = allOpen - unsent + room
        var free = room - unsent
        if hasRanks {
            let ahead = buffered.indices.reduce(0) { ranks[$1] <= ranks[queue] ? $0 + buffered[$1] : $0 }
            free = max(room - ahead, Self.atHand(total) - buffered[queue])
        }
        if let maxInFlight { free = min(free, maxInFlight - allOpen) }
        let share = FairShare.most(
            of: maxInFlight.map { min($0, total) } ?? total, among: notBelow[queue],
            hasBelow: !isStrict && notBelow[queue] < open.count)
        return max(0, min(free, max(1, share) - open[queue]))
    }

    /// What a queue that has a rank may have waiting here, whatever else waits: a quarter of the places, for many may become
    /// free at once.
    private static func atHand(_ places: Int) -> Int { places == 0 ? 0 : max(4, places / 4) }
}
