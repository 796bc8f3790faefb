extension LinkReceiver {
    /// Says how many more messages this process wants than it has been given so far.
    ///
    /// Called whenever that may have changed, at least once per loop turn; each message taken counts one down in
    /// between. Every sender that has nothing here may send one message more than this, so that new ones are seen.
    package mutating func setRoom(_ count: Int) {
        guard count != room else { return }
        room = max(0, count)
        capacity = max(capacity, room)
        roomChanged = true
    }

    /// Divides the room among the senders, in proportion to what each is expected to send.
    mutating func shareRoom() {
        roomChanged = false
        var total = 0.0
        for session in sessions { if let session, getsRoom(session) { total += session.demand } }
        var before = 0
        var sum = 0.0
        for slot in sessions.indices {
            guard let session = sessions[slot] else { continue }
            var share = 0
            if getsRoom(session) {
                sum += session.demand
                let upTo = Int(Double(room) * sum / total + 0.5)
                share = upTo - before
                before = upTo
                if session.unfinished == 0 { share = max(share, 1) }
            }
            setLimit(slot, share)
        }
    }

    /// A draining receiver takes nothing new but from senders that drain too.
    private func getsRoom(_ session: ReceiverSession) -> Bool {
        isLive(session) && !hasLeft && (drainingSince == nil || session.senderIsDraining)
    }

    /// Numbers that are lost on the way will come again and use room, so they count.
    ///
    /// The limit is news when the sender's room doubles, halves or begins; small changes go with the next report.
    private mutating func setLimit(_ slot: Int, _ share: Int) {
        guard let session = sessions[slot] else { return }
        let room = UInt64(max(0, share - session.absent))
        let known = session.reportedLimit > session.high ? session.reportedLimit - session.high : 0
        sessions[slot]?.limit = session.high + room
        if room != known, room >= 2 * known || 2 * room <= known { sessions[slot]?.hasNews = true }
    }

    /// Learns from recent use: whoever ran out of room is expected to send twice as much, others what they sent.
    mutating func adapt() {
        adapted = clock.elapsed
        for slot in sessions.indices {
            guard let session = sessions[slot] else { continue }
            let wanted = session.ranOut ? session.demand * 2 : max(Double(session.used), session.demand * 0.75)
            sessions[slot]?.demand = min(max(wanted, 1), Double(capacity))
            sessions[slot]?.used = 0
            sessions[slot]?.ranOut = false
        }
        roomChanged = true
    }
}
