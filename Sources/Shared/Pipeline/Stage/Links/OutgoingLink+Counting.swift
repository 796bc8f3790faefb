import Links
import Messages
package import PipelineMetrics

extension OutgoingLink {
    /// Adds the messages that no peer has been given, or only one that is lost: the others are in their peers' counts.
    ///
    /// Looks at every open message.
    package func count(in place: HeldPlace, into held: inout HeldCounts) {
        for (slot, parcel) in parcels.enumerated() {
            guard let parcel, !sender.isWithPeer(slot) else { continue }
            held.add(1, of: parcel.envelope.queue, in: place)
        }
    }
}
