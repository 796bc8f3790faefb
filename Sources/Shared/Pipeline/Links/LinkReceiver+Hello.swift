extension LinkReceiver {
    /// Takes a hello that arrived among the messages.
    package mutating func receive(_ hello: Hello, now: Duration) {
        clock.advance(to: now)
        guard !hasLeft else { return }
        if let wiring, let from = hello.from, !wiring.fits(from) { return turnAway(hello, from) }
        if hello.receiver != instance { return answerStranger(hello) }
        if let slot = slots[hello.session] {
            update(slot, hello, now)
        } else if hello.last == 0, hello.heard == 0 {
            if !hello.isLeaving, let slot = open(hello) { update(slot, hello, now) }
        } else {
            // The session was forgotten here: which of its messages are finished or still in transit is no longer
            // known.
            watch(hello)
        }
    }

    /// A hello that names no instance, or the process that was here before, opens nothing; the answer carries this
    /// process's identity.
    private mutating func answerStranger(_ hello: Hello) {
        guard slots[hello.session] == nil else {
            totals.staleHellos += 1
            return
        }
        watch(hello)
    }

    /// Answers that the session is not open; through a new socket if the sender has not received the answer for long.
    private mutating func watch(_ hello: Hello) {
        let now = clock.elapsed
        var times = unheard[hello.ackAddress] ?? Unheard(since: now, last: now, replaced: now)
        times.last = now
        times.from = hello.from
        let replacesSocket = clock.since(times.replaced) >= LinkTiming.unanswered
        if replacesSocket { times.replaced = now }
        if unheard[hello.ackAddress] != nil || unheard.count < limits.asking { unheard[hello.ackAddress] = times }
        greet(hello, replacesSocket: replacesSocket)
    }

    /// A sender that does not belong here gets an answer with this process's identity, and no session: then it sends no
    /// messages.
    private mutating func turnAway(_ hello: Hello, _ from: Introduction) {
        let isNamed = misplaced.count < Self.maxMisplaced || misplaced[hello.ackAddress] != nil
        if isNamed, hello.ackAddress.utf8.count <= Self.maxAddress {
            misplaced[hello.ackAddress] = (from, clock.elapsed)
        }
        greet(hello, replacesSocket: false)
    }

    /// As many are named; more are answered.
    private static var maxMisplaced: Int { 16 }
    /// Bytes: it stands in log lines.
    private static var maxAddress: Int { 256 }

    private mutating func greet(_ hello: Hello, replacesSocket: Bool) {
        greetings.append(
            Greeting(
                ackAddress: hello.ackAddress, session: hello.session, hello: hello.number,
                replacesSocket: replacesSocket))
    }

    private mutating func update(_ slot: Int, _ hello: Hello, _ now: Duration) {
        guard var session = sessions[slot], hello.number > session.hello else {
            totals.staleHellos += 1
            return
        }
        guard hello.last <= session.highestLimit else {
            // The sender assumes room that it was never given, and its messages beyond the limit were dropped: it
            // begins a new session.
            totals.staleHellos += 1
            greet(hello, replacesSocket: false)
            return
        }
        sessions[slot] = nil
        if clock.elapsed - session.lastFrame >= LinkTiming.lost { awake(slot) }
        session.hello = hello.number
        session.ackAddress = hello.ackAddress
        session.pools = hello.pools
        session.senderIsDraining = hello.isDraining
        session.senderHasLeft = hello.isLeaving
        session.senderHoldsOpen = !hello.open.isEmpty
        session.lastFrame = clock.elapsed
        session.lastHello = now
        session.isUnreachable = false
        // A report that was never sent cannot have been heard.
        if hello.heard <= session.lastReportNumber {
            if hello.heard > session.heard || hello.heard >= session.lastReportNumber {
                session.heard = hello.heard
                session.heardProgress = clock.elapsed
            }
            if session.firstReportNumber > 0, hello.heard >= session.firstReportNumber { session.isProven = true }
        }
        session.extend(to: hello.last)
        session.named = hello.last
        settle(&session, hello)
        if session.isProven { unheard[hello.ackAddress] = nil }
        session.isFull = true
        sessions[slot] = session
        note(newsFor: slot)
        roomChanged = true
    }

    /// A number that hello calls open and that has not arrived is missing; a number that it does not call open is over.
    private mutating func settle(_ session: inout ReceiverSession, _ hello: Hello) {
        var open = RangeCursor(hello.open)
        var over: [UInt64] = []
        session.missing = NumberRanges()
        session.window.forEach { number, state in
            guard number <= hello.last else { return }
            let isOpen = open.contains(number)
            if !isOpen {
                over.append(number)
            } else if state == .absent {
                session.missing.append(number)
            }
        }
        totals.missing += session.missing.count
        for number in over { settleElsewhere(number, &session) }
        session.forgetConfirmedRefusals()
    }

    private mutating func settleElsewhere(_ number: UInt64, _ session: inout ReceiverSession) {
        switch session.state(of: number) {
        case .started: session.noteElsewhere(number)
        case .taken:
            totals.calledOff += 1
            session.close(number)
        case .absent, .refused: session.close(number)
        case nil: break
        }
    }
}
