import GateRules
import Messages
import PipelineTracing
import Queue

/// Every request this process has leased and that is not settled yet, by slot.
///
/// A slot is reused once its request is gone; a token names a slot and its generation, so that a late report about an
/// earlier request cannot affect a later one.
struct Holdings {
    struct Holding {
        let queue: Int
        let receipt: Receipt
        /// Of the message.
        var bytes = 0
        /// When the lease was last made or renewed, on the event loop's clock.
        var leasedAt: Duration
        /// The link has taken it; before that, it waits in this process.
        var isSent = false
        /// When that was, on the event loop's clock.
        var sentAt = Duration.zero
        /// Unix seconds.
        var deadline: Int64 = 0
        /// It goes to a gateway; otherwise its end is decided, or it is put off by a gate.
        var isForAttempt = true
        var isFirstAttempt = true
        /// How often its queue has said that this process no longer holds the lease.
        var misses = 0
        /// Places in quotas.
        var reservations: [GateReservation] = []
        /// What this process records of it; ends when it is forgotten.
        var span: PipelineSpan?

        var share: QueueShares.Share { .init(lane: queue, bytes: bytes) }
    }

    private struct Slot {
        var generation: UInt32 = 0
        var holding: Holding?
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private(set) var count = 0

    subscript(token: UInt64) -> Holding? {
        get {
            let slot = Int(token & 0xFFFF_FFFF)
            guard slot < slots.count, slots[slot].generation == UInt32(token >> 32) else { return nil }
            return slots[slot].holding
        }
        set {
            let slot = Int(token & 0xFFFF_FFFF)
            guard slot < slots.count, slots[slot].generation == UInt32(token >> 32), let newValue else { return }
            slots[slot].holding = newValue
        }
    }

    mutating func insert(_ holding: Holding) -> UInt64 {
        count += 1
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        slots[index].holding = holding
        return UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    /// Forgets a request; `nil` if it is forgotten already.
    mutating func remove(_ token: UInt64) -> Holding? {
        guard let holding = self[token] else { return nil }
        let index = Int(token & 0xFFFF_FFFF)
        slots[index].holding = nil
        slots[index].generation &+= 1
        free.append(index)
        count -= 1
        return holding
    }

    /// Records that this process no longer holds these leases of `queue`, and returns those that another process took
    /// over.
    ///
    /// A request that has not been sent cannot have been settled. One that has been sent is probably settled, with the
    /// acknowledgement on its way here: it was taken over if it is still open at the next renewal of its lease. Each is
    /// returned once.
    mutating func miss(_ receipts: [Receipt], queue: Int) -> (sent: Int, unsent: [UInt64]) {
        let missed = Set(receipts)
        var sent = 0
        var unsent: [UInt64] = []
        for index in slots.indices {
            guard let holding = slots[index].holding, holding.queue == queue, missed.contains(holding.receipt) else {
                continue
            }
            slots[index].holding?.misses += 1
            if !holding.isSent {
                unsent.append(UInt64(slots[index].generation) << 32 | UInt64(index))
            } else if holding.misses == 1 {
                sent += 1
            }
        }
        return (sent, unsent)
    }

    /// Tokens of `queue` whose lease was made or renewed before `time`.
    func tokens(queue: Int, leasedBefore time: Duration) -> [UInt64] {
        slots.indices.compactMap { index in
            guard let holding = slots[index].holding, holding.queue == queue, holding.leasedAt < time else {
                return nil
            }
            return UInt64(slots[index].generation) << 32 | UInt64(index)
        }
    }
}
