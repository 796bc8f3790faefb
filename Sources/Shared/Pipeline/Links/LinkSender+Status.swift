extension LinkSender {
    /// How many more messages could be sent right now, over all peers, after those that wait already; messages that
    /// were handed back and are in back-off do not count as waiting.
    package var room: Int {
        var sum = 0
        for index in peers.indices where isUsable(index) { sum += peers[index]?.room ?? 0 }
        return max(0, sum - max(0, unsentCount - refused.count))
    }

    /// Messages that no peer holds.
    package var unsentCount: Int { messages.count - peers.reduce(0) { $0 + ($1?.openCount ?? 0) } }

    /// Whether the message in this slot has left for a peer that lives: then it counts as that peer's.
    package func isWithPeer(_ slot: Int) -> Bool {
        let message = messages[Int32(slot)]
        return message.wasSent && message.peer >= 0 && peers[Int(message.peer)]?.isLost == false
    }

    /// Messages accepted and not done, wherever they are.
    package var openCount: Int { messages.count }

    /// Their bytes.
    package var openBytes: Int { messages.bytes }

    /// Where a message is: the session of the peer that it was sent to, if it was, and since when, on the owner's clock.
    package func place(of slot: Int32) -> (session: UInt64?, since: Duration) {
        let message = messages[slot]
        let session = message.peer >= 0 && message.wasSent ? peers[Int(message.peer)]?.session : nil
        return (session, message.since)
    }

    /// Nothing is open.
    package var isIdle: Bool { messages.count == 0 }

    /// Whether a peer is there to be given messages (it may be full).
    package var hasLivePeer: Bool { peers.indices.contains { isUsable($0) } }

    /// Whether a report about this session is for this sender.
    package func hasSession(_ session: UInt64) -> Bool { peersBySession[session] != nil }

    /// What usable peers say is wrong behind them, one of those that say the same; empty if one of them has nothing to
    /// say: it gets what the others cannot send on.
    package var conditionsOfPeers: [Condition] {
        let usable = peers.indices.filter(isUsable)
        guard usable.allSatisfy({ conditions[$0] != nil }) else { return [] }
        var kinds: [[String]: Condition] = [:]
        for condition in usable.flatMap({ conditions[$0] ?? [] }) {
            let kind = [condition.subject, condition.queue]
            let (held, since) = (kinds[kind]?.held ?? 0, kinds[kind]?.since ?? .max)
            kinds[kind] = condition
            kinds[kind]?.held += held
            kinds[kind]?.since = min(since, condition.since)
        }
        return kinds.values.sorted { ($0.subject, $0.queue) < ($1.subject, $1.queue) }
    }

    /// All peers, for status and metrics.
    package func peerStatus(now: Duration) -> [PeerStatus] {
        peers.indices.compactMap { index in
            guard let peer = peers[index] else { return nil }
            let oldest = peer.window.first.map { now - messages[$0].since }
            return PeerStatus(
                address: peer.address, instance: peer.instance, session: peer.session, room: peer.room,
                open: peer.openCount, oldestOpen: oldest, silence: clock.since(peer.heardFrom),
                isLive: peer.phase == .open && !peer.isLost, isLost: peer.isLost, isDraining: peer.isDraining,
                hasAnswered: peer.phase != .greeting || peer.hasReported, isResolved: peer.isResolved,
                misfit: misfits[index])
        }
    }
}
