extension LinkReceiver {
    /// Takes a hello that arrived among the messages.
    package mutating func receive(_ hello: Hello, now: Duration) {
        clock.advance(to: now)
        guard !hasLeft else { return }
        if let wiring, let from = hello.from, !wiring.fits(from) { return turnAway(hello, from) }
        if hello.receiver != instance { return answerStranger(hello) }
        unheard[hello.ackAddress] = nil
        if let slot = slots[hello.session] {
            update(slot, hello, now)
        } else if hello.last == 0 {
            if !hello.isLeaving { open(hello, now) }
        } else {
            // The session was forgotten here: what was finished of it is not known any more.
            greet(hello, replacesSocket: false)
        }
    }

    /// A hello for nobody or for the process that was here before opens nothing; the answer says who is here.
    private mutating func answerStranger(_ hello: Hello) {
        guard slots[hello.session] == nil else {
            totals.staleHellos += 1
            return
        }
        let now = clock.elapsed
        var times = unheard[hello.ackAddress] ?? Unheard(since: now, last: now, replaced: now)
        times.last = now
        let replacesSocket = clock.since(times.replaced) >= LinkTiming.unanswered
        if replacesSocket { times.replaced = now }
        unheard[hello.ackAddress] = times
        greet(hello, replacesSocket: replacesSocket)
    }

    /// A sender that does not belong here gets an answer that says who is here, and no session: it sends nothing then.
    private mutating func turnAway(_ hello: Hello, _ from: Introduction) {
        let isNamed = misplaced.count < Self.mostMisplaced || misplaced[hello.ackAddress] != nil
        if isNamed, hello.ackAddress.utf8.count <= Self.longestAddress {
            misplaced[hello.ackAddress] = (from, clock.elapsed)
        }
        greet(hello, replacesSocket: false)
    }

    /// As many are named; more are answered.
    private static var mostMisplaced: Int { 16 }
    /// Bytes: it stands in log lines.
    private static var longestAddress: Int { 256 }

    private mutating func greet(_ hello: Hello, replacesSocket: Bool) {
        greetings.append(
            Greeting(
                ackAddress: hello.ackAddress, session: hello.session, hello: hello.number,
                replacesSocket: replacesSocket))
    }

    private mutating func open(_ hello: Hello, _ now: Duration) {
        let slot = sessions.firstIndex { $0 == nil } ?? sessions.count
        let session = ReceiverSession(hello: hello, now: clock.elapsed)
        if slot == sessions.count {
            sessions.append(session)
            numbers.append(hello.session)
        } else {
            sessions[slot] = session
            numbers[slot] = hello.session
        }
        slots[hello.session] = slot
        update(slot, hello, now)
    }

    private mutating func update(_ slot: Int, _ hello: Hello, _ now: Duration) {
        guard var session = sessions[slot], hello.number > session.hello, hello.last <= session.highestLimit else {
            totals.staleHellos += 1
            return
        }
        sessions[slot] = nil
        session.hello = hello.number
        session.ackAddress = hello.ackAddress
        session.senderIsDraining = hello.isDraining
        session.senderHasLeft = hello.isLeaving
        session.senderHoldsOpen = !hello.open.isEmpty
        session.lastFrame = clock.elapsed
        session.lastHello = now
        if hello.heard > session.heard || hello.heard >= session.lastReportNumber {
            session.heard = hello.heard
            session.heardProgress = clock.elapsed
        }
        session.extend(to: hello.last)
        settle(&session, hello)
        session.hasNews = true
        session.isFull = true
        sessions[slot] = session
        roomChanged = true
    }

    /// What hello calls open and has not arrived is missing; what it does not call open is over.
    private mutating func settle(_ session: inout ReceiverSession, _ hello: Hello) {
        var open = RangeCursor(hello.open)
        session.missing = NumberRanges()
        var number = session.base
        while number <= hello.last {
            let isOpen = open.contains(number)
            switch session.state(of: number) {
            case .absent where isOpen:
                session.missing.append(number)
                totals.missing += 1
            case .taken where !isOpen:
                totals.calledOff += 1
                session.set(number, .closed)
            case .started where !isOpen:
                session.noteElsewhere(number)
            case .absent, .refused:
                if !isOpen { session.set(number, .closed) }
            default: break
            }
            number += 1
        }
        session.forgetConfirmedRefusals()
    }
}
