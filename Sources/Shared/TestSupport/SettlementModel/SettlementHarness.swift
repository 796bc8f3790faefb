package import Messages
package import Queue

/// A kind of queue under the model's eyes: the real adapter on a real server, and hands that reach into the server.
///
/// One harness is one empty queue that nobody else uses. Its leases are so long that none expires by itself.
package protocol SettlementHarness: Sendable {
    var rules: SettlementRules { get }

    /// What settlements are told: `Settlement.queue`.
    var queue: String { get }

    /// What settlements are told: `Settlement.destination`.
    var destination: String { get }

    /// A source as one more ingest process would have it, connected.
    func makeSource() async throws -> any FaultySource

    /// A sink as one more emit process would have it, connected.
    func makeSink() async throws -> any FaultySink

    /// Puts `body` on the queue as a producer does.
    func submit(_ body: String) async throws

    /// Puts the bytes of an open request on the queue once more: see `SettlementRules.Resubmission`.
    func resubmit(_ body: String) async throws

    /// Ends the lease on the request with these bytes.
    func expireLease(of body: String) async throws

    /// Makes the parked request with these bytes due.
    func makeDue(_ body: String) async throws

    /// Names the lease of a receipt as `StoredRequest.State.leased` does.
    func holder(of receipt: Receipt) -> String

    func stored() async throws -> StoredState

    /// Gives back what the harness has taken from the machine.
    func close() async
}

/// A source that the schedule's faults can hit.
package protocol FaultySource: RequestSource {
    /// Lets the next call of this kind do its work, and its caller get an error.
    func loseReply(to call: LosableCall) async throws

    /// Takes the server away from the source and brings it back, such that the source notices.
    func makeGap() async throws
}

/// A sink that the schedule's faults can hit.
package protocol FaultySink: ResultSink {
    /// Lets the next call of `settle` do its work, and its caller get an error.
    func loseReply() async throws
}

/// A source's call whose reply may be lost.
package enum LosableCall: Sendable {
    case lease, renew, release
}

/// In what kinds of queues differ, as far as the model must know.
package struct SettlementRules: Sendable, Equatable {
    /// What becomes of the same bytes when they are put on the queue again.
    package enum Resubmission: Sendable {
        /// The producer withdrew the first request, and the second has its place.
        case replaces
        /// The second waits until the first has its record; a request that waits already is not put there twice.
        case waitsForRecord
    }

    package var resubmission: Resubmission
    /// Whether a result also settles a request that nobody has leased or parked.
    package var resultSettlesWaiting: Bool
    /// Whether a request that is given back without any counts becomes another submission.
    package var releaseForgets: Bool
    /// Whether a source finds again what it leased when the reply was lost.
    package var recoversLeases: Bool
    /// Whether a source takes a lost reply for a gap.
    package var lostReplyIsGap: Bool

    package init(
        resubmission: Resubmission, resultSettlesWaiting: Bool, releaseForgets: Bool, recoversLeases: Bool,
        lostReplyIsGap: Bool
    ) {
        self.resubmission = resubmission
        self.resultSettlesWaiting = resultSettlesWaiting
        self.releaseForgets = releaseForgets
        self.recoversLeases = recoversLeases
        self.lostReplyIsGap = lostReplyIsGap
    }
}
