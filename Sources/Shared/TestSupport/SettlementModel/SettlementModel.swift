package import Messages

/// What a queue must hold and say, whatever is done to it: the settlement protocol as a value.
///
/// A request is in exactly one state, and ends in at most one record. `successors` says what may follow a step that
/// brought an outcome; usually one model, several when two calls ran at the same time or a reply was lost.
package struct SettlementModel: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        case waiting
        case leased(LeaseName, isExpired: Bool)
        /// Its due time is in this range: what happened when is not known to the millisecond.
        case parked(due: ClosedRange<Int64>)
        case answered
        case deadLettered
        /// Its producer put another in its place.
        case withdrawn
    }

    package struct Request: Sendable, Equatable {
        package let number: Int
        package let body: String
        package var state = State.waiting
        /// Failed ones.
        package var attempts = 0
        /// Leases that expired.
        package var deliveries = 0
        /// Leases so far.
        package var leases = 0
        /// Counts how often the queue has forgotten who it was; a receipt is good for one of these.
        package var generation = 0

        package var isOpen: Bool {
            switch state {
            case .waiting, .leased, .parked: true
            case .answered, .deadLettered, .withdrawn: false
            }
        }
    }

    /// What a source was given.
    package struct Lease: Sendable, Equatable {
        package let receipt: Receipt
        package let source: Int
        package let generation: Int
    }

    package let rules: SettlementRules
    package internal(set) var requests: [Int: Request] = [:]
    package internal(set) var leases: [LeaseName: Lease] = [:]
    /// Leases that each source knows of; it may have lost some to others.
    package internal(set) var known: [[LeaseName]]
    /// Whether each source may take over what has expired.
    package internal(set) var mayTakeOver: [Bool]
    package internal(set) var results: [String] = []
    package internal(set) var deadLetters: [StoredLetter] = []

    package init(rules: SettlementRules, sources: Int) {
        self.rules = rules
        known = Array(repeating: [], count: sources)
        mayTakeOver = Array(repeating: true, count: sources)
    }

    /// What a producer writes for the request of this number.
    package static func body(of number: Int) -> String {
        #"{"id":"r\#(number)","deadline":"9999999999","payload":{"n":\#(number)}}"#
    }

    /// Requests without a record, by number.
    package var open: [Request] { requests.values.filter(\.isOpen).sorted { $0.number < $1.number } }

    /// What a source can have now; while a request is leased or parked, others with its bytes wait.
    ///
    /// - Parameter surely: leaves out what may be due or not, by some milliseconds.
    package func available(to source: Int, at now: Int64, surely: Bool = false) -> [Request] {
        let open = open
        return open.filter { request in
            switch request.state {
            case .waiting: !open.contains { $0.body == request.body && $0.number != request.number }
            case .leased(_, let isExpired): isExpired && mayTakeOver[source]
            case .parked(let due): surely ? due.upperBound < now : due.lowerBound <= now
            case .answered, .deadLettered, .withdrawn: false
            }
        }
    }

    /// The request of a lease while it is the lease that counts.
    package func held(_ name: LeaseName) -> Request? {
        guard let request = requests[name.request], case .leased(name, _) = request.state else { return nil }
        return request
    }

    /// Throws unless `name` is a lease that was handed out.
    func lease(_ name: LeaseName) throws(Violation) -> Lease {
        guard let lease = leases[name] else { throw Violation("no lease \(name)") }
        return lease
    }
}
