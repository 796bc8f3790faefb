import Links

extension Simulation {
    /// Follows which session a peer has, and with whom.
    mutating func watch(_ process: SimulatedProcess, _ peer: Int, _ hello: Hello) {
        if process.watches[hello.session] == nil {
            process.watches[hello.session] = SimulatedProcess.Watch(peer: peer, lastHeard: process.running)
            process.watched.append(hello.session)
        }
        if hello.receiver != 0, process.watches[hello.session]?.receiver == 0 {
            process.watches[hello.session]?.receiver = hello.receiver
            process.watches[hello.session]?.lastHeard = process.running
        }
    }

    /// Silence of three seconds in a process's own time excuses it for moving what the silent one holds.
    mutating func noteSilence(_ process: SimulatedProcess) {
        for session in process.watched {
            guard let watch = process.watches[session] else { continue }
            process.watches[session]?.assignments.removeAll { ledger.assignments[$0].isOver }
            if process.running - max(watch.lastHeard, process.lastGap) >= 3000 {
                for assignment in watch.assignments { ledger.addCause(assignment, isSilence: true) }
            }
        }
    }

    /// Each sender may have been given the whole room, at different times, and one place when it had nothing here; a
    /// single sender never more than the room.
    mutating func checkBounds(_ process: SimulatedProcess) {
        guard let receiver = process.receiver else { return }
        let inHand = process.waiting.count + process.working
        let unsettled = process.sender?.openBytes ?? 0
        guard inHand > schedule.capacity || unsettled > schedule.maxUnackedBytes else { return }
        let sessions = receiver.sessionStatus.count
        let messages = sessions == 1 ? schedule.capacity : (schedule.capacity + 1) * sessions
        if inHand > messages {
            ledger.violation("\(inHand) messages in hand, room for \(schedule.capacity) from \(sessions) senders")
        }
        if unsettled > schedule.maxUnackedBytes + (messages + sessions) * Schedule.maxMessage {
            ledger.violation("\(unsettled) bytes unsettled, \(schedule.maxUnackedBytes) allowed")
        }
    }

    /// Every request has its record, and nobody holds anything.
    var isDrained: Bool {
        ledger.requests.allSatisfy(\.isSettled)
            && processes.allSatisfy { process in
                process.isAlive && !process.isDraining && process.sender?.isIdle ?? true
                    && (process.receiver?.unfinishedCount ?? 0) == 0 && process.leased.isEmpty
            }
    }

    mutating func reportStuck() {
        let open = ledger.requests.count { !$0.isSettled }
        ledger.violation("\(open) of \(ledger.requests.count) requests did not end, or something is still held")
    }

    /// Some time after the last fault and the last message.
    ///
    /// - Parameter lastChance: Whether what is not at rest now is wrong, or may take longer.
    mutating func isAtRest(lastChance: Bool) -> Bool {
        let unrest = processes.flatMap { unevenRoom($0) + sessionsLeft($0) }
        if !unrest.isEmpty, !lastChance { return false }
        for text in unrest { ledger.violation(text) }
        for (index, request) in ledger.requests.enumerated() where request.isDeadLetter && !request.isUnreadable {
            let causes = ledger.items.filter { $0.request == index }.map { $0.causes + $0.inherited }.max() ?? 0
            if causes <= schedule.maxLosses {
                ledger.violation("request \(index) is a dead letter after \(causes) losses")
            }
        }
        return true
    }

    /// What a sender believes to have room for is what the receiver gives.
    private func unevenRoom(_ process: SimulatedProcess) -> [String] {
        guard let sender = process.sender else { return [] }
        return sender.peerStatus(now: now.milliseconds).compactMap { peer in
            let receiver = processes[slot(ofAddress: peer.address)].receiver
            guard let session = receiver?.sessionStatus.first(where: { $0.session == peer.session }) else {
                return "\(peer.address) does not know the session of \(process.address)"
            }
            let isEven = session.room == peer.room && peer.room > 0 && session.missing == 0 && peer.isLive
            return isEven ? nil : "room of \(peer.address): \(peer.room) at the sender, \(session.room) there"
        }
    }

    /// No state is left of senders that are gone, but of what may have to be told to one that was cut off; and none of
    /// strangers.
    private func sessionsLeft(_ process: SimulatedProcess) -> [String] {
        guard let receiver = process.receiver else { return [] }
        let senders = processes.count { $0.level == process.level - 1 }
        let sessions = receiver.sessionStatus.count { !$0.isUnreachable }
        return sessions == senders ? [] : ["\(sessions) sessions of \(senders) senders at \(process.address)"]
    }
}
