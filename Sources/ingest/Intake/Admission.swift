package import Queue

/// How many more requests each queue may have leased now.
///
/// The room is that of the downstream peers, and perhaps an upper bound of this process. With k queues, one of them
/// never has more than 1 − 1/(2k) of it, so that a queue whose gateway is silent or whose results cannot be written
/// does not block the others; and every queue may always have one request open.
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
    private var bytes: QueueShares

    /// - Parameter maxOpenBytes: of all open requests of this process.
    package init(queues: Int, maxInFlight: Int?, maxOpenBytes: Int = .max) {
        precondition(queues > 0, "an ingest serves at least one queue")
        self.maxInFlight = maxInFlight
        open = Array(repeating: 0, count: queues)
        buffered = Array(repeating: 0, count: queues)
        bytes = QueueShares(bytes: maxOpenBytes, queues: queues)
    }

    /// Bytes of all open requests.
    package var openBytes: Int { bytes.byteCount }

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

    /// How many requests `queue` may lease now.
    ///
    /// - Parameter room: how many more messages the downstream peers take now.
    package func permits(queue: Int, room: Int) -> Int {
        guard bytes.hasRoom(lane: queue) else { return 0 }
        let allOpen = open.reduce(0, +)
        let unsent = buffered.reduce(0, +)
        var free = room - unsent
        if let maxInFlight { free = min(free, maxInFlight - allOpen) }
        let total = allOpen - unsent + room
        let share = Self.share(of: maxInFlight.map { min($0, total) } ?? total, queues: open.count)
        return max(0, min(free, share - open[queue]))
    }

    /// The part of `room` that one of `queues` queues may fill, at least one.
    static func share(of room: Int, queues: Int) -> Int {
        queues == 1 ? room : max(1, room - (room + 2 * queues - 1) / (2 * queues))
    }
}
