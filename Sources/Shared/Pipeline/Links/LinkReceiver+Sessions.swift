import DequeModule

/// The sessions, and which of them a turn checks: those with something to report, and those whose sender lives. All
/// others are checked ten times a second.
extension LinkReceiver {
    /// - Returns: `nil` when there are too many.
    mutating func open(_ hello: Hello) -> Int? {
        while strangers.count >= limits.strangers, let oldest = strangers.popFirst() {
            if let session = sessions[oldest.slot], session.session == oldest.session, !session.isProven {
                totals.strangersForgotten += 1
                forget(oldest.slot)
            }
        }
        guard slots.count < limits.sessions || forgetSilent() else {
            totals.refusedSessions += 1
            return nil
        }
        let session = ReceiverSession(hello: hello, now: clock.elapsed)
        let slot = free.popLast() ?? sessions.count
        if slot == sessions.count {
            sessions.append(session)
            numbers.append(hello.session)
        } else {
            sessions[slot] = session
            numbers[slot] = hello.session
        }
        slots[hello.session] = slot
        strangers.append((slot, hello.session))
        awake(slot)
        return slot
    }

    /// Forgets the session that was silent for longest, of those that hold nothing; among equal ones, one whose sender
    /// knows all finished numbers.
    private mutating func forgetSilent() -> Bool {
        var found: (slot: Int, isMissed: Bool, since: Duration)?
        for slot in sessions.indices {
            guard let session = sessions[slot], session.unfinished == 0, !isLive(session) else { continue }
            let candidate = (slot, session.mayBeMissed, session.lastFrame)
            if let best = found, (best.isMissed ? 1 : 0, best.since) <= (candidate.1 ? 1 : 0, candidate.2) { continue }
            found = candidate
        }
        guard let found else { return false }
        forget(found.slot)
        return true
    }

    mutating func forget(_ slot: Int) {
        guard let session = sessions[slot] else { return }
        slots[session.session] = nil
        sessions[slot] = nil
        numbers[slot] = 0
        free.append(slot)
        roomChanged = true
    }

    /// The next report of this session is due in this round, or soon.
    mutating func list(_ slot: Int) {
        guard sessions[slot]?.isListed == false, sessions[slot]?.isUnreachable == false else { return }
        sessions[slot]?.isListed = true
        listed.append(slot)
    }

    mutating func note(newsFor slot: Int) {
        sessions[slot]?.hasNews = true
        list(slot)
    }

    /// A frame has come for a session that was considered dead.
    mutating func awake(_ slot: Int) {
        if !live.contains(slot) { live.append(slot) }
        roomChanged = true
    }

    /// Checks all sessions: which are alive, which have had no report for a heartbeat, which are over.
    mutating func survey() {
        surveyed = clock.elapsed
        live.removeAll(keepingCapacity: true)
        var addresses: Set<String>?
        for slot in sessions.indices {
            guard let session = sessions[slot] else { continue }
            if isLive(session) {
                live.append(slot)
            } else if isOver(session, &addresses) {
                forget(slot)
                continue
            } else {
                setLimit(slot, 0)
            }
            if clock.elapsed - session.lastReport >= LinkTiming.heartbeat { note(newsFor: slot) }
        }
        roomChanged = true
    }

    /// A session is over when nothing of it is held here and its sender has left, or never proved itself, or feeds this
    /// process by another session now (or another process does so, at its ack address), or cannot be reached and knows
    /// all finished numbers, or has been silent for very long.
    private func isOver(_ session: ReceiverSession, _ addresses: inout Set<String>?) -> Bool {
        guard session.unfinished == 0 else { return false }
        let silence = clock.since(session.lastFrame)
        if silence < LinkTiming.lost { return false }
        if session.senderHasLeft || silence >= LinkTiming.forgotten { return true }
        guard silence >= LinkTiming.followed else { return false }
        if !session.isProven { return true }
        if session.isUnreachable, !session.mayBeMissed { return true }
        let living = addresses ?? livingAddresses
        addresses = living
        return living.contains(session.ackAddress)
    }

    private var livingAddresses: Set<String> {
        var addresses: Set<String> = []
        for case let session? in sessions where isLive(session) { addresses.insert(session.ackAddress) }
        return addresses
    }

    /// A frame came lately.
    func isLive(_ session: ReceiverSession) -> Bool {
        !session.senderHasLeft && clock.since(session.lastFrame) < LinkTiming.lost
    }

    /// The owner has had no connection to this ack address for `LinkTiming.followed`.
    ///
    /// - Returns: whether the socket may be closed: no frame has come from there either. It is opened again for a
    ///   hello.
    package mutating func letGo(_ ackAddress: String) -> Bool {
        var isSilent = true
        for slot in sessions.indices {
            guard let session = sessions[slot], session.ackAddress == ackAddress else { continue }
            if clock.since(session.lastFrame) >= LinkTiming.lost {
                sessions[slot]?.isUnreachable = true
            } else {
                isSilent = false
            }
        }
        return isSilent
    }

    /// Ack addresses of senders that have proved themselves and that reports still go to.
    package var ackAddresses: Set<String> {
        var addresses: Set<String> = []
        for case let session? in sessions where session.isProven && !session.isUnreachable {
            addresses.insert(session.ackAddress)
        }
        return addresses
    }
}
