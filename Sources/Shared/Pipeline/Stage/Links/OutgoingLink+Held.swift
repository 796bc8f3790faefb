import Links
import Loop
import Messages
import Status

extension OutgoingLink {
    /// For how long no peer starts anything of a queue, since the pools that it goes to are closed; `nil` if one may.
    package func heldFor(queue: String) -> Duration? { sender.heldFor(queue: queue) }

    /// Where its messages with this id are: with a peer, or waiting for room.
    func held(id: ExactText) -> [HeldRequest] {
        let next = name.split(separator: "-").last ?? ""
        let now = EventLoop.shared.now
        let addresses = Dictionary(
            sender.peerStatus(now: now).map { ($0.session, $0.address) }, uniquingKeysWith: { first, _ in first })
        return parcels.indices.compactMap { slot in
            guard let envelope = parcels[slot]?.envelope, ExactText(envelope.id) == id else { return nil }
            let place = sender.place(of: Int32(slot))
            let peer = place.session.flatMap { addresses[$0] }
            return HeldRequest(
                envelope, place: peer.map { "with \(next) at \($0)" } ?? "waits for room at \(next)",
                reason: envelope.progress.words, age: max(.zero, now - place.since))
        }
    }
}
