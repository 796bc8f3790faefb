/// One thing that happens in a schedule.
///
/// Sources and sinks are called by their index. Requests and leases have names that do not depend on the steps before,
/// so that a schedule from which steps were taken away can still be replayed.
package indirect enum Step: Sendable, Equatable {
    /// A producer puts a request on the queue.
    case submit(request: Int)
    /// A producer puts the bytes of `of` on the queue once more, as `request`.
    case resubmit(request: Int, of: Int)
    /// A source asks for requests when there are some.
    case lease(source: Int, limit: Int, losesReply: Bool)
    /// A source asks for requests when there are none, and gives up.
    case probe(source: Int)
    case renew(source: Int, leases: [LeaseName], losesReply: Bool)
    case release(source: Int, leases: [LeaseName], losesReply: Bool)
    /// Somebody held a request for too long.
    case expire(request: Int)
    /// A parked request's time has come.
    case becomeDue(request: Int)
    /// A source's process dies, and another one takes its place.
    case crash(source: Int)
    /// A source could not reach the server for a while.
    case gap(source: Int)
    case settle(sink: Int, [PlannedSettlement], losesReply: Bool)
    /// A sink's process dies, and another one takes its place.
    case crashSink(sink: Int)
    /// Two calls at the same time.
    case both(Step, Step)
}

/// One lease: the `nth` of a request, counted from 1.
package struct LeaseName: Hashable, Sendable, CustomStringConvertible {
    package var request: Int
    package var nth: Int

    package init(request: Int, nth: Int) {
        self.request = request
        self.nth = nth
    }

    package var description: String { "\(request)/\(nth)" }
}

/// A settlement that a schedule asks for; the same number is the same settlement, asked for again.
package struct PlannedSettlement: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case result
        case park(milliseconds: Int64, failedAttempts: Int)
        case release
        case deadLetter(hasResult: Bool)
    }

    package var number: Int
    package var lease: LeaseName
    package var action: Action

    package init(number: Int, lease: LeaseName, action: Action) {
        self.number = number
        self.lease = lease
        self.action = action
    }

    /// The result it writes: it names the settlement, so that a record tells who wrote it.
    package var result: String { #"{"id":"r\#(lease.request)","payload":"settlement \#(number)"}"# }

    /// The reason it gives for a dead letter.
    package var reason: String { "settlement \(number)" }
}
