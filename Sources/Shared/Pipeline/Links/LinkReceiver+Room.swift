extension LinkReceiver {
    /// Says how many more messages this process wants than it has been given so far.
    ///
    /// Called whenever that may have changed, at least once per loop turn; each message taken counts one down in
    /// between. Every sender that has no message here may send one more than this, so that new senders are noticed.
    package mutating func setRoom(_ count: Int) {
        guard count != room else { return }
        room = max(0, count)
        capacity = max(capacity, room)
        roomChanged = true
    }

    /// Says what is not as it should be behind this process, to all senders, at once and with each full report.
    package mutating func setConditions(_ conditions: [Condition]) {
        guard conditions != self.conditions else { return }
        self.conditions = conditions
        for slot in live {
            sessions[slot]?.isFull = true
            note(newsFor: slot)
        }
    }

    /// Says what is to be said of pools, to all senders with each full report, and at once when a pool closes or opens or
    /// its base is another.
    package mutating func setPools(_ pools: [PoolNote], now: Duration) {
        clock.advance(to: now)
        let isNews = !pools.elementsEqual(self.pools) { new, old in
            new.isOf(old.pool) && new.base == old.base && new.isClosed == old.isClosed
                && new.heldQueues == old.heldQueues
        }
        (self.pools, poolsSince) = (pools, clock.elapsed)
        guard isNews else { return }
        for slot in live {
            sessions[slot]?.isFull = true
            note(newsFor: slot)
        }
    }

    /// The same, some time later.
    var poolsNow: [PoolNote] {
        let passed = Int((clock.elapsed - poolsSince) / .milliseconds(1))
        return pools.map { note in
            var note = note
            note.closedFor = max(0, note.closedFor - passed)
            return note
        }
    }

    /// The least base of each pool that senders that live have heard of.
    package var leastBases: [PoolNote] {
        PoolNote.leastBases(live.lazy.compactMap { sessions[$0] }.filter { isLive($0) }.flatMap(\.pools))
    }

    /// Divides the room among the senders, in proportion to what each is expected to send.
    mutating func shareRoom() {
        roomChanged = false
        var total = 0.0
        hasProven = live.contains { slot in sessions[slot].map { $0.isProven && getsRoom($0) } ?? false }
        for slot in live { if let session = sessions[slot], getsRoom(session) { total += demand(of: session) } }
        var before = 0
        var sum = 0.0
        for slot in live {
            guard let session = sessions[slot] else { continue }
            var share = 0
            if getsRoom(session) {
                sum += demand(of: session)
                let upTo = total > 0 ? Int(Double(room) * sum / total + 0.5) : 0
                share = upTo - before
                before = upTo
                if session.unfinished == 0 { share = max(share, 1) }
            }
            setLimit(slot, share)
        }
    }

    /// A sender that has not proved itself takes no room from those that have; it has room for one message.
    private func demand(of session: ReceiverSession) -> Double {
        session.isProven || !hasProven ? session.demand : 0
    }

    /// A draining receiver takes new messages only from senders that drain too.
    private func getsRoom(_ session: ReceiverSession) -> Bool {
        isLive(session) && !hasLeft && (drainingSince == nil || session.senderIsDraining)
    }

    /// Numbers that are lost in transit will be sent again and use room, so they count.
    ///
    /// The limit is news when the sender's room doubles, halves or begins; small changes go with the next report.
    mutating func setLimit(_ slot: Int, _ share: Int) {
        guard let session = sessions[slot] else { return }
        let room = UInt64(max(0, share - session.absent))
        let known = session.reportedLimit > session.high ? session.reportedLimit - session.high : 0
        sessions[slot]?.limit = session.high + room
        if room != known, room >= 2 * known || 2 * room <= known { note(newsFor: slot) }
    }

    /// Learns from recent use: a sender that ran out of room is expected to send twice as much, others what they sent.
    mutating func adapt() {
        for slot in live {
            guard let session = sessions[slot] else { continue }
            let wanted = session.ranOut ? session.demand * 2 : max(Double(session.used), session.demand * 0.75)
            sessions[slot]?.demand = min(max(wanted, 1), Double(capacity))
            sessions[slot]?.used = 0
            sessions[slot]?.ranOut = false
        }
        roomChanged = true
    }
}
