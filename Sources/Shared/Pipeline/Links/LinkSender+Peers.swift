import DequeModule
import Primitives

extension LinkSender {
    typealias Queue = Deque<QueueEntry>

    /// Sets the addresses that DNS names now, with host names resolved to all their addresses.
    ///
    /// DNS only adds: a peer that is not named any more is forgotten when it is silent and holds nothing.
    package mutating func resolve(_ addresses: [String], now: Duration) {
        clock.advance(to: now)
        let named = Set(addresses)
        for index in peers.indices {
            if let address = peers[index]?.address { peers[index]?.isResolved = named.contains(address) }
        }
        for address in addresses where peersByAddress[address] == nil { addPeer(address) }
    }

    /// Never 0.
    private mutating func newSession() -> UInt64 {
        let number = generator.next()
        return number == 0 ? newSession() : number
    }

    private mutating func addPeer(_ address: String) {
        let peer = SenderPeer(address: address, session: newSession(), now: clock.elapsed)
        let index = peers.firstIndex { $0 == nil } ?? peers.count
        if index == peers.count { peers.append(peer) } else { peers[index] = peer }
        peersByAddress[address] = index
        peersBySession[peer.session] = index
        actions.append(.openPeer(index, address: address))
        sendHello(index)
    }

    /// Checks silence, hellos and sockets, and sends messages to peers with room.
    package mutating func tick(now: Duration) {
        clock.advance(to: now)
        for index in peers.indices {
            guard let peer = peers[index] else { continue }
            let silence = clock.since(peer.heardFrom)
            if silence >= LinkTiming.lost, !peer.isLost { loseSilent(index) }
            if silence >= LinkTiming.lost, !peer.isResolved, peer.openCount == 0 {
                forget(index)
            } else if needsAnotherSocket(peer, silence: silence) {
                replaceSocket(index)
            } else if clock.elapsed - peer.helloSent >= LinkTiming.heartbeat {
                sendHello(index)
            }
        }
        pump(now: now)
    }

    /// The peer's messages are offered to others; those that no other peer takes stay with it.
    private mutating func loseSilent(_ index: Int) {
        peers[index]?.isLost = true
        misfits[index] = nil
        forgetWords(of: index)
        peers[index]?.hasReported = false
        guard let peer = peers[index], peer.phase != .greeting else { return }
        totals.lostPeers += 1
        offerElsewhere(peer.openSlots)
    }

    /// Puts messages that were with a peer back into the queues, the oldest first.
    mutating func offerElsewhere(_ slots: [Int32]) {
        var grewMoving = false
        var grewLoners = false
        for slot in slots {
            let lossToCome = messages[slot].peer >= 0 && messages[slot].wasSent ? 1 : 0
            let isLoner = messages[slot].travelsAlone || messages[slot].losses + lossToCome >= aloneFrom
            let entry = entry(for: slot)
            if isLoner { loners.append(entry) } else { moving.append(entry) }
            grewMoving = grewMoving || !isLoner
            grewLoners = grewLoners || isLoner
        }
        if grewMoving { sortByAge(\.moving) }
        if grewLoners { sortByAge(\.loners) }
    }

    private mutating func sortByAge(_ queue: WritableKeyPath<Self, Queue>) {
        let current = self[keyPath: queue].filter { messages.isCurrent($0) }
        self[keyPath: queue] = Queue(current.sorted { messages[$0.slot].order < messages[$1.slot].order })
    }

    /// Ends the session for good and begins another: the instance is gone or has forgotten it.
    ///
    /// - Parameter counting: Whether this counts as a loss; an orderly leave does not.
    mutating func restartSession(_ index: Int, counting: Bool) {
        guard let session = peers[index]?.session else { return }
        foreignStores[index] = nil
        forgetWords(of: index)
        let fresh = newSession()
        let slots = peers[index]?.restart(session: fresh, now: clock.elapsed) ?? []
        peersBySession[session] = nil
        peersBySession[fresh] = index
        var orphans: [Int32] = []
        for slot in slots {
            if !counting {
                messages[slot].peer = -1
                orphans.append(slot)
            } else if countLoss(slot) {
                orphans.append(slot)
            }
        }
        offerElsewhere(orphans)
    }

    /// The same instance reports again: messages that no other peer has taken stay with it.
    mutating func revive(_ index: Int) {
        peers[index]?.isLost = false
        guard let peer = peers[index] else { return }
        for slot in peer.openSlots { messages[slot].stamp = 0 }
    }

    private mutating func forget(_ index: Int) {
        guard let peer = peers[index] else { return }
        peersByAddress[peer.address] = nil
        peersBySession[peer.session] = nil
        peers[index] = nil
        misfits[index] = nil
        forgetWords(of: index)
        foreignStores[index] = nil
        actions.append(.closePeer(index))
    }

    /// What a peer has said of what is behind it.
    private mutating func forgetWords(of index: Int) {
        conditions[index] = nil
        forgetPools(of: index)
    }

    private func needsAnotherSocket(_ peer: SenderPeer, silence: Duration) -> Bool {
        guard let since = peer.unansweredSince else { return false }
        let isSilent = silence >= LinkTiming.quiet || peer.phase == .greeting
        let patience = isSilent ? LinkTiming.silentReplacement : LinkTiming.unanswered
        return clock.since(since) >= patience + .seconds(peer.unansweredBytes / LinkTiming.slowestTransfer)
    }

    private mutating func replaceSocket(_ index: Int) {
        totals.replacedSockets += 1
        actions.append(.replaceSocket(index))
        peers[index]?.unansweredSince = nil
        peers[index]?.unansweredBytes = 0
        sendHello(index)
    }

    mutating func sendHello(_ index: Int, isLeaving: Bool = false) {
        guard var peer = peers[index] else { return }
        peer.helloNumber += 1
        peer.helloSent = clock.elapsed
        peer.noteHello()
        if peer.unansweredSince == nil { peer.unansweredSince = clock.elapsed }
        peers[index] = peer
        let hello = Hello(
            session: peer.session, receiver: peer.instance, number: peer.helloNumber, ackAddress: ackAddress,
            last: peer.last, open: peer.window.open, heard: peer.phase == .open ? peer.reportNumber : 0,
            isDraining: isDraining, isLeaving: isLeaving, from: wiring?.own, pools: bases)
        actions.append(.hello(index, hello))
    }
}
