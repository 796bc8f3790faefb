import DequeModule

/// Messages that no peer can settle.
package struct UnsettleableMessages: Sendable, Equatable {
    package let store: UInt64
    package let count: Int

    package init(store: UInt64, count: Int) {
        self.store = store
        self.count = count
    }
}

/// Tracks the stores that a peer cannot settle: it settles in one store, and the lease is in another.
///
/// A peer's refusal of one message applies to all messages of that store until the peer has finished one of them. If
/// there is no other peer, one message a second is sent as a probe: a wrong peer costs a message a second, and a store
/// that comes back is noticed within a second.
extension LinkSender {
    /// Whether a peer has said that it cannot settle messages of this store.
    func isForeign(_ store: UInt64, to index: Int) -> Bool {
        !foreignStores.isEmpty && foreignStores[index]?[store] != nil
    }

    /// A peer cannot settle messages of this store.
    ///
    /// Other processes choose the stores' numbers, so the list is bounded: beyond some hundred it is cleared, and the
    /// peer is asked about all of them again.
    mutating func noteForeign(_ store: UInt64, to index: Int) {
        if foreignStores[index, default: [:]].count >= 256 { foreignStores[index] = [:] }
        foreignStores[index, default: [:]][store] = clock.elapsed + LinkTiming.offerAgain
    }

    /// Gives messages that were set aside to peers that can settle them.
    ///
    /// Cheap, because there are few stores, and of each only the first message that finds no peer is checked.
    mutating func pumpAside(now: Duration) {
        for store in aside.keys.sorted() {
            var entries = aside[store] ?? []
            aside[store] = nil
            while let entry = entries.first {
                if messages.isCurrent(entry) {
                    let message = messages[entry.slot]
                    let peer = roomiest(alone: message.travelsAlone, store: store, bytes: message.bytes)
                    guard let peer else { break }
                    give(entry.slot, to: peer, now: now)
                }
                entries.removeFirst()
            }
            if !entries.isEmpty { aside[store] = entries }
        }
    }

    /// A peer that could not settle this store before, and may be asked again.
    func probed(alone: Bool, except excluded: Int, store: UInt64, bytes: Int) -> Int? {
        peers.indices.first { index in
            guard index != excluded, isUsable(index), let peer = peers[index] else { return false }
            let notBefore = foreignStores[index]?[store] ?? .zero
            return peer.room > 0 && (!alone || peer.loners == 0) && hasRoom(peer, forLarge: bytes)
                && clock.elapsed >= notBefore
        }
    }

    /// Whether a peer that cannot settle this store has room: then messages of this store must not block those behind
    /// them.
    func hasRoom(alone: Bool, toRefuse store: UInt64, bytes: Int) -> Bool {
        peers.indices.contains { index in
            guard isUsable(index), let peer = peers[index] else { return false }
            return peer.room > 0 && isForeign(store, to: index) && (!alone || peer.loners == 0)
                && hasRoom(peer, forLarge: bytes)
        }
    }

    /// Messages that wait because no peer can settle them, by store.
    ///
    /// Empty while there is a peer that can, or none at all.
    package var unsettleable: [UnsettleableMessages] {
        aside.sorted { $0.key < $1.key }.compactMap { store, entries in
            let usable = peers.indices.filter(isUsable)
            guard !usable.isEmpty, usable.allSatisfy({ isForeign(store, to: $0) }) else { return nil }
            let count = entries.count(where: messages.isCurrent)
            return count == 0 ? nil : UnsettleableMessages(store: store, count: count)
        }
    }

    /// Whether there are peers, and each has only ever refused its messages as of another store.
    package var isRefusedByAll: Bool {
        let usable = peers.indices.filter(isUsable)
        return !usable.isEmpty
            && usable.allSatisfy { foreignStores[$0]?.isEmpty == false && peers[$0]?.hasFinished == false }
    }
}
