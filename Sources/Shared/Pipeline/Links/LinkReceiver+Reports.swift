extension LinkReceiver {
    /// The next report of this round; `nil` ends the round.
    package mutating func nextReport(now: Duration) -> OutgoingReport? {
        if cursor == nil {
            clock.advance(to: now)
            if roomChanged { shareRoom() }
            cursor = 0
        }
        if let greeting = greetings.popLast() { return answer(greeting) }
        while let slot = cursor, slot < sessions.count {
            cursor = slot + 1
            if let session = sessions[slot], isDue(session) { return report(slot) }
        }
        cursor = nil
        return nil
    }

    private func isDue(_ session: ReceiverSession) -> Bool {
        if session.hasNews || clock.elapsed - session.lastReport >= LinkTiming.heartbeat { return true }
        return !session.newlyDone.isEmpty && clock.elapsed - session.doneSince >= LinkTiming.settling
    }

    /// Something is finished and has not been reported: `nextReport` wants to be called within `LinkTiming.settling`.
    package var hasUnreported: Bool { sessions.contains { $0?.newlyDone.isEmpty == false } }

    private mutating func answer(_ greeting: Greeting) -> OutgoingReport {
        reports += 1
        let report = Report(
            session: greeting.session, receiver: instance, number: reports, answers: greeting.hello, isOpen: false,
            isDraining: drainingSince != nil, isLeaving: hasLeft, from: wiring?.own)
        return OutgoingReport(
            ackAddress: greeting.ackAddress, report: report, replacesSocket: greeting.replacesSocket)
    }

    private mutating func report(_ slot: Int) -> OutgoingReport? {
        guard var session = sessions[slot] else { return nil }
        sessions[slot] = nil
        defer { sessions[slot] = session }
        reports += 1
        let isFull = session.isFull || clock.elapsed - session.lastReport >= LinkTiming.heartbeat
        let report = Report(
            session: session.session, receiver: instance, number: reports, answers: session.hello, isOpen: true,
            limit: session.limit, done: isFull ? session.done : session.news(), missing: session.missing,
            refused: session.refusals, isDraining: drainingSince != nil, isLeaving: hasLeft,
            from: isFull ? wiring?.own : nil)
        if drainingSince != nil, session.drainReport == 0 { session.drainReport = reports }
        session.reportedLimit = session.limit
        session.highestLimit = max(session.highestLimit, session.limit)
        session.hasNews = false
        session.isFull = false
        session.newlyDone.removeAll(keepingCapacity: true)
        session.missing = NumberRanges()
        session.lastReport = clock.elapsed
        session.lastReportNumber = reports
        let isUnheard = clock.since(session.heardProgress) >= LinkTiming.unanswered && isLive(session)
        if isUnheard { session.heardProgress = clock.elapsed }
        return OutgoingReport(ackAddress: session.ackAddress, report: report, replacesSocket: isUnheard)
    }

    /// A frame came lately.
    func isLive(_ session: ReceiverSession) -> Bool {
        !session.senderHasLeft && clock.since(session.lastFrame) < LinkTiming.lost
    }

    /// Looks after shares, and forgets senders that are gone.
    package mutating func tick(now: Duration) {
        clock.advance(to: now)
        if clock.elapsed - adapted >= LinkTiming.adaptation { adapt() }
        for slot in sessions.indices {
            if let session = sessions[slot], isOver(session) { forget(slot) }
        }
        for (address, times) in unheard where clock.elapsed - times.last > LinkTiming.lost {
            unheard[address] = nil
        }
        for (address, sender) in misplaced where clock.since(sender.last) >= LinkTiming.lost {
            misplaced[address] = nil
        }
    }

    /// A session is over when nothing of it is held here and its sender has left, or feeds this process by another
    /// session now (or another process does so, at its ack address), or has been silent for very long.
    private func isOver(_ session: ReceiverSession) -> Bool {
        guard session.unfinished == 0 else { return false }
        let silence = clock.since(session.lastFrame)
        if silence < LinkTiming.lost { return false }
        if session.senderHasLeft || silence >= LinkTiming.forgotten { return true }
        guard silence >= LinkTiming.followed else { return false }
        return sessions.contains { other in
            guard let other else { return false }
            return other.ackAddress == session.ackAddress && isLive(other)
        }
    }

    private mutating func forget(_ slot: Int) {
        guard let session = sessions[slot] else { return }
        slots[session.session] = nil
        sessions[slot] = nil
        numbers[slot] = 0
        roomChanged = true
    }
}
