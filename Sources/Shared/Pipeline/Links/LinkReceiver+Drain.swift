extension LinkReceiver {
    /// Gives back messages that have not been started, and from now on takes messages only from senders that drain too.
    package mutating func beginDrain(now: Duration) {
        clock.advance(to: now)
        guard drainingSince == nil else { return }
        drainingSince = clock.elapsed
        roomChanged = true
        for slot in sessions.indices {
            guard let session = sessions[slot] else { continue }
            note(newsFor: slot)
            session.window.forEach { number, state in
                if state == .taken { refuse(slot, number, .draining) }
            }
        }
    }

    /// Whether a draining receiver may leave: it holds nothing, every living sender knows that, and no draining sender
    /// is left that might still need it.
    package func canLeave(now: Duration) -> Bool {
        var clock = clock
        clock.advance(to: now)
        guard let drainingSince, clock.since(drainingSince) >= LinkTiming.drain else { return false }
        return sessions.allSatisfy { session in
            guard let session else { return true }
            guard session.unfinished == 0 else { return false }
            guard isLive(session) else { return true }
            return !session.senderIsDraining && !session.senderHoldsOpen && session.drainReport > 0
                && session.heard >= session.drainReport
        }
    }

    /// Ends the receiver: messages that are not finished stay open with their senders.
    ///
    /// Send all reports that `nextReport` returns, then exit.
    package mutating func leave() {
        hasLeft = true
        for slot in sessions.indices {
            guard let session = sessions[slot] else { continue }
            note(newsFor: slot)
            sessions[slot]?.isFull = true
            sessions[slot]?.limit = session.high
        }
    }

    /// Messages taken and not finished.
    package var unfinishedCount: Int { sessions.reduce(0) { $0 + ($1?.unfinished ?? 0) } }

    /// Sessions with a sender that is alive.
    package var liveSenderCount: Int { sessions.reduce(0) { $0 + (($1.map(isLive) ?? false) ? 1 : 0) } }

    /// All sessions, for status and metrics.
    package var sessionStatus: [SessionStatus] {
        sessions.compactMap { session in
            guard let session else { return nil }
            return SessionStatus(
                ackAddress: session.ackAddress, session: session.session, unfinished: session.unfinished,
                missing: session.absent,
                room: session.reportedLimit > session.high ? Int(session.reportedLimit - session.high) : 0,
                silence: clock.since(session.lastFrame), isLive: isLive(session),
                isDraining: session.senderIsDraining, isUnreachable: session.isUnreachable)
        }
    }

    /// Ack addresses of senders without a session that have sent hellos for `LinkTiming.unheard`: reports do not reach
    /// them.
    package var unheardAddresses: [String] {
        unheard.filter { $0.value.last - $0.value.since >= LinkTiming.unheard }.keys.sorted()
    }

    /// The same, for people: the identity of the sender and where its reports go; a few of them.
    package var unheardSenders: [String] {
        unheardAddresses.prefix(8).map { address in
            let sender = unheard[address]?.from?.text ?? "a sender"
            return "\(sender) does not hear the reports that it wants at \(address): is that address its own?"
        }
    }

    /// Problems with senders that send hellos here and do not belong here.
    package var misfits: [String] {
        guard let wiring else { return [] }
        return misplaced.sorted { $0.key < $1.key }.map { wiring.misfit($0.value.from, reportingTo: $0.key) }
    }
}

/// One sender as a receiver sees it, for people.
package struct SessionStatus: Sendable, Equatable {
    package let ackAddress: String
    package let session: UInt64
    /// Its messages that are here and not finished.
    package let unfinished: Int
    /// Numbers that were sent and have not arrived.
    package let missing: Int
    /// Messages it may send now.
    package let room: Int
    /// Running time since its last frame.
    package let silence: Duration
    package let isLive: Bool
    package let isDraining: Bool
    /// Nothing comes from it and nothing can be sent to it; its session is kept in case it was only cut off.
    package let isUnreachable: Bool
}
