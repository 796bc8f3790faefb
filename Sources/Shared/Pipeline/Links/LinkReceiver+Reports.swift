extension LinkReceiver {
    /// The next report of this round; `nil` ends the round.
    package mutating func nextReport(now: Duration) -> OutgoingReport? {
        if cursor == nil {
            clock.advance(to: now)
            if roomChanged { shareRoom() }
            cursor = 0
        }
        if let greeting = greetings.popLast() { return answer(greeting) }
        while let position = cursor, position < listed.count {
            cursor = position + 1
            if isDue(listed[position]) { return report(listed[position]) }
        }
        cursor = nil
        dropUnlisted()
        return nil
    }

    private mutating func dropUnlisted() {
        var kept = 0
        for position in listed.indices where sessions[listed[position]]?.isListed == true {
            listed[kept] = listed[position]
            kept += 1
        }
        listed.removeLast(listed.count - kept)
    }

    private func isDue(_ slot: Int) -> Bool {
        if sessions[slot]?.hasNews == true { return true }
        guard sessions[slot]?.newlyDone.isEmpty == false, let since = sessions[slot]?.doneSince else { return false }
        return clock.elapsed - since >= LinkTiming.settling
    }

    /// Finished messages have not been reported: `nextReport` must be called within `LinkTiming.settling`.
    package var hasUnreported: Bool { listed.contains { sessions[$0]?.newlyDone.isEmpty == false } }

    private mutating func answer(_ greeting: Greeting) -> OutgoingReport {
        reports += 1
        let report = Report(
            session: greeting.session, receiver: instance, number: reports, answers: greeting.hello, isOpen: false,
            isDraining: drainingSince != nil, isLeaving: hasLeft, from: wiring?.own)
        return OutgoingReport(
            ackAddress: greeting.ackAddress, report: report, replacesSocket: greeting.replacesSocket,
            isStranger: true)
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
            from: isFull ? wiring?.own : nil, conditions: isFull ? conditions : [], pools: isFull ? poolsNow : [])
        if drainingSince != nil, session.drainReport == 0 { session.drainReport = reports }
        session.reportedLimit = session.limit
        session.highestLimit = max(session.highestLimit, session.limit)
        session.hasNews = false
        session.isListed = false
        session.isFull = false
        session.newlyDone.removeAll(keepingCapacity: true)
        session.missing = NumberRanges()
        session.lastReport = clock.elapsed
        session.lastReportNumber = reports
        if session.firstReportNumber == 0 { session.firstReportNumber = reports }
        let isUnheard = clock.since(session.heardProgress) >= LinkTiming.unanswered && isLive(session)
        if isUnheard { session.heardProgress = clock.elapsed }
        return OutgoingReport(
            ackAddress: session.ackAddress, report: report, replacesSocket: isUnheard,
            isStranger: !session.isProven)
    }

    /// Adapts shares, and forgets senders that are gone.
    package mutating func tick(now: Duration) {
        clock.advance(to: now)
        guard clock.elapsed - surveyed >= LinkTiming.adaptation else { return }
        survey()
        adapt()
        for (address, times) in unheard where clock.elapsed - times.last > LinkTiming.lost {
            unheard[address] = nil
        }
        for (address, sender) in misplaced where clock.since(sender.last) >= LinkTiming.lost {
            misplaced[address] = nil
        }
    }
}
