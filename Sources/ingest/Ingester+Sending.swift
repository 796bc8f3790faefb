import DequeModule
import Intake
import Loop
import Messages
import Primitives
import Queue
import Stage

/// What is sent next, and what may be leased for it.
extension Ingester {
    /// At most this many requests are asked for at once: enough to fill a batch, few enough to keep a reply short.
    private static let maxLease = 512
    /// Of a queue of which dispatch wants no more, so many are leased.
    private static let mostHeld = 16

    /// Sends while there is room.
    func move() {
        var room = dispatch.room
        if hasTiers { offerPermits() }
        while room > 0, let item = takeNext() {
            holdings[item.token]?.isSent = true
            holdings[item.token]?.sentAt = EventLoop.shared.now
            admission.sent(queue: item.queue)
            dispatch.send(item.envelope, from: .lease(item.token), lane: item.queue)
            room -= 1
        }
        offerPermits()
    }

    private func takeNext() -> (envelope: Envelope, token: UInt64, queue: Int)? {
        if gates != nil {
            for queue in lanes.indices {
                if let next = lanes[queue].decided.popFirst() { return (next.envelope, next.token, queue) }
            }
        }
        if lanes.count == 1, lanes[0].overflow.isEmpty {
            return lanes[0].waiting.popFirst().map { ($0.envelope, $0.token, 0) }
        }
        // First all usual ones, then all that are over a quota.
        var heads = lanes.map { $0.waiting.first?.envelope.tier }
        if gates != nil { heads += lanes.map { $0.overflow.first?.envelope.tier } }
        let now = EventLoop.shared.now
        let expected = hasTiers ? lanes.indices.map { lanes[$0].expected(at: now) == nil ? nil : ranks[$0] } : []
        switch order.next(heads, expected: expected, random: random.next()) {
        case .row(let row):
            let queue = row % lanes.count
            let next = row < lanes.count ? lanes[queue].waiting.popFirst() : lanes[queue].overflow.popFirst()
            return next.map { ($0.envelope, $0.token, queue) }
        case .wait(let queue):
            if let left = lanes[queue].expected(at: now) { moveLater(after: left) }
            return nil
        case .none: return nil
        }
    }

    private func moveLater(after delay: Duration) {
        guard !willMove else { return }
        willMove = true
        EventLoop.shared.schedule(after: delay) { [weak self] in
            self?.willMove = false
            self?.move()
        }
    }

    func offerPermits() {
        for queue in queuesByRank where lanes[queue].permitWaiter != nil {
            let count = currentPermits(queue: queue)
            guard count > 0, let waiter = lanes[queue].permitWaiter else { continue }
            lanes[queue].permitWaiter = nil
            lanes[queue].beginLease(count, at: EventLoop.shared.now)
            waiter.resume(returning: count)
        }
    }

    /// None while dispatch has handed back requests of this queue: its share of the room there is used up.
    ///
    /// While the pools that it goes to are closed or full, few are leased, so that those with the nearest deadlines end in
    /// time; the others wait where any ingest can have them, in order.
    func currentPermits(queue: Int) -> Int {
        if dispatch.hasHandedBack(lane: queue) { return 0 }
        var permits = min(Self.maxLease, admission.permits(queue: queue, room: dispatch.room))
        if isHeld(queue) { permits = min(permits, max(0, Self.mostHeld - admission.open[queue])) }
        guard permits > 0, let gates else { return permits }
        return min(permits, gates.permits(queue: queue, open: admission.open[queue]))
    }

    /// Whether no dispatch wants more of a queue for now.
    private func isHeld(_ queue: Int) -> Bool {
        guard let left = dispatch.heldFor(queue: lanes[queue].settings.name) else { return false }
        if !lanes[queue].isHeld {
            lanes[queue].isHeld = true
            EventLoop.shared.schedule(after: left) { [weak self] in
                self?.lanes[queue].isHeld = false
                self?.offerPermits()
            }
        }
        return true
    }
}
