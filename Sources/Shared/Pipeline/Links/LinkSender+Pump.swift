import DequeModule

extension LinkSender {
    /// Gives waiting messages to peers with room, the oldest first, until there is no more room.
    mutating func pump(now: Duration) {
        if returnsUnsent { returnUnsent() }
        while let entry = Self.first(of: &moving, in: messages), place(entry, now: now) { moving.removeFirst() }
        while let entry = Self.first(of: &loners, in: messages), place(entry, alone: true, now: now) {
            loners.removeFirst()
        }
        pumpRefused(now: now)
        if !aside.isEmpty { pumpAside(now: now) }
        // These first; otherwise small messages could use up the room for ever.
        while let entry = Self.first(of: &large, in: messages), place(entry, now: now) { large.removeFirst() }
        while let entry = Self.first(of: &waiting, in: messages), place(entry, now: now) { waiting.removeFirst() }
    }

    /// Gives a message to a peer; a message that the peers with room cannot settle is set aside for those behind it.
    ///
    /// - Returns: `false` if it stays where it is.
    private mutating func place(_ entry: QueueEntry, alone: Bool = false, now: Duration) -> Bool {
        let (store, bytes) = (messages[entry.slot].store, messages[entry.slot].bytes)
        if let peer = roomiest(alone: alone, store: store, bytes: bytes) {
            give(entry.slot, to: peer, now: now)
            return true
        }
        guard hasRoom(alone: alone, toRefuse: store, bytes: bytes) else { return false }
        aside[store, default: []].append(self.entry(for: entry.slot))
        return true
    }

    /// The first entry that is still valid for a waiting message; those before it are removed.
    private static func first(of queue: inout Queue, in messages: OpenMessages) -> QueueEntry? {
        while let entry = queue.first {
            if messages.isCurrent(entry) { return entry }
            queue.removeFirst()
        }
        return nil
    }

    /// A message that a peer refused goes to any other peer, at once after the first refusal; to the same peer only
    /// when there is no other, and after a while.
    private mutating func pumpRefused(now: Duration) {
        guard !refused.isEmpty, clock.elapsed >= refusedLook else { return }
        refusedLook = clock.elapsed + LinkTiming.refusedLook
        let entries = refused
        refused.removeAll(keepingCapacity: true)
        for entry in entries where messages.isCurrent(entry) {
            if let peer = peerForRefused(messages[entry.slot]) {
                give(entry.slot, to: peer, now: now)
            } else {
                refused.append(entry)
            }
        }
    }

    private func peerForRefused(_ message: OpenMessage) -> Int? {
        let refuser = Int(message.refuser)
        if message.refusals > 1, clock.elapsed < message.notBefore { return nil }
        if let other = roomiest(alone: message.travelsAlone, except: refuser, store: message.store) { return other }
        let isOnlyPeer = !peers.indices.contains { $0 != refuser && isUsable($0) }
        guard isOnlyPeer, clock.elapsed >= message.notBefore else { return nil }
        return roomiest(alone: message.travelsAlone, store: message.store)
    }

    /// Gives back messages that no peer holds: never given to one, or taken back from one.
    ///
    /// Messages of a lost peer stay, and may still move to another.
    private mutating func returnUnsent() {
        for entry in refused { returnIfUnheld(entry) }
        refused.removeAll(keepingCapacity: true)
        for store in aside.keys.sorted() {
            var held: Queue = []
            for entry in aside[store] ?? [] where !returnIfUnheld(entry) { held.append(entry) }
            aside[store] = held.isEmpty ? nil : held
        }
        for queue in [\Self.waiting, \.large, \.moving, \.loners] {
            let entries = self[keyPath: queue]
            self[keyPath: queue].removeAll(keepingCapacity: true)
            for entry in entries where !returnIfUnheld(entry) { self[keyPath: queue].append(entry) }
        }
    }

    /// - Returns: whether the entry can be removed: its message was given back, or it was void.
    @discardableResult
    private mutating func returnIfUnheld(_ entry: QueueEntry) -> Bool {
        guard messages.isCurrent(entry) else { return true }
        guard messages[entry.slot].peer < 0 else { return false }
        giveBack(entry.slot)
        return true
    }

    /// Gives back messages that wait in the shell for a peer's socket: the peer has not seen them, and will not.
    mutating func returnNeverTransmitted() {
        for index in peers.indices {
            for slot in peers[index]?.openSlots ?? [] where !messages[slot].wasSent {
                peers[index]?.close(messages[slot].number, travelsAlone: messages[slot].travelsAlone)
                giveBack(slot)
            }
        }
    }

    mutating func giveBack(_ slot: Int32) {
        messages.remove(slot)
        actions.append(.returned(slot))
    }

    /// The usable peer with most room that can settle messages of `store`, `nil` if none has any.
    ///
    /// `alone`: only a peer that holds no message that travels alone; `bytes`: the size of a message that may be large.
    func roomiest(alone: Bool = false, except excluded: Int = -1, store: UInt64 = 0, bytes: Int = 0) -> Int? {
        var best: Int?
        var most = 0
        var isForeignToAll = true
        for index in peers.indices where index != excluded && isUsable(index) {
            guard let peer = peers[index] else { continue }
            if isForeign(store, to: index) { continue }
            isForeignToAll = false
            guard peer.room > most, !alone || peer.loners == 0, hasRoom(peer, forLarge: bytes) else { continue }
            most = peer.room
            best = index
        }
        return isForeignToAll ? probed(alone: alone, except: excluded, store: store, bytes: bytes) : best
    }

    /// Whether a peer holds few enough bytes of large messages to take so many more; without large messages it takes
    /// any.
    ///
    /// Settling a large message takes a second: small messages must get through in between.
    func hasRoom(_ peer: SenderPeer, forLarge bytes: Int) -> Bool {
        bytes < largeFrom || peer.largeBytes == 0 || peer.largeBytes + bytes <= SenderPeer.maxUnderWay * 2
    }

    /// Whether the peer may be given new messages.
    func isUsable(_ index: Int) -> Bool {
        guard let peer = peers[index] else { return false }
        return peer.phase == .open && !peer.isLost && clock.since(peer.heardFrom) < LinkTiming.quiet
    }

    /// Gives the message the next number of the peer's session, taking it from the lost peer that held it.
    mutating func give(_ slot: Int32, to peer: Int, now: Duration) {
        if messages[slot].peer >= 0 {
            guard leaveLostPeer(slot) else { return }
        }
        let message = messages[slot]
        guard let number = peers[peer]?.append(slot, bytes: message.bytes, travelsAlone: message.travelsAlone) else {
            return
        }
        if message.bytes >= largeFrom { peers[peer]?.noteLarge(number, bytes: message.bytes) }
        messages[slot].peer = Int32(peer)
        messages[slot].number = number
        messages[slot].wasSent = false
        messages[slot].stamp = 0
        messages[slot].since = now
        if isForeign(message.store, to: peer) { noteForeign(message.store, to: peer) }
        transmit(slot)
        totals.sent += 1
        if peers[peer]?.wantsHello == true { sendHello(peer) }
    }

    /// Closes the message at the peer that was lost while it held it.
    ///
    /// - Returns: `false` if that was one loss too many: then it is a dead letter.
    private mutating func leaveLostPeer(_ slot: Int32) -> Bool {
        let message = messages[slot]
        peers[Int(message.peer)]?.close(message.number, travelsAlone: message.travelsAlone)
        totals.moved += 1
        return countLoss(slot)
    }

    /// Counts a lost peer against the message, if it was sent there.
    ///
    /// - Returns: `false` if that was one loss too many: then it is a dead letter.
    mutating func countLoss(_ slot: Int32) -> Bool {
        messages[slot].peer = -1
        guard messages[slot].wasSent else { return true }
        messages[slot].wasSent = false
        messages[slot].losses += 1
        let losses = messages[slot].losses
        if losses >= aloneFrom { messages[slot].travelsAlone = true }
        guard losses > maxLosses else { return true }
        bury(slot, .losses(losses))
        return false
    }

    mutating func bury(_ slot: Int32, _ reason: DeadLetterReason) {
        totals.deadLetters += 1
        messages.remove(slot)
        actions.append(.deadLetter(slot, reason))
    }

    /// Hands the message to the shell, for the first time or again.
    mutating func transmit(_ slot: Int32) {
        let peer = Int(messages[slot].peer)
        messages[slot].nextHello = (peers[peer]?.helloNumber ?? 0) + 1
        actions.append(.message(peer, number: messages[slot].number))
    }

    /// A fresh entry for a queue; voids the one the message may have in another.
    mutating func entry(for slot: Int32) -> QueueEntry {
        stamps += 1
        messages[slot].stamp = stamps
        return QueueEntry(slot: slot, stamp: stamps)
    }
}
