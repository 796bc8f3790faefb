import Messages
import Stage
import Status

extension Ingester {
    /// Where requests with this id wait here.
    func held(id: ExactText) -> [HeldRequest] {
        lanes.flatMap { lane in
            lane.waiting.filter { ExactText($0.envelope.id) == id }
                .map { HeldRequest($0.envelope, place: "leased by ingest, waits for room at dispatch") }
                + lane.overflow.filter { ExactText($0.envelope.id) == id }
                .map {
                    HeldRequest($0.envelope, place: "leased by ingest, over its quota: waits behind all that are not")
                }
                + lane.decided.filter { ExactText($0.envelope.id) == id }
                .map { HeldRequest($0.envelope, place: "ended by a gate of its queue") }
        }
    }
}
