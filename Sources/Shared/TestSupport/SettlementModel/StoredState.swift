/// All that a queue's server keeps, as a harness reads it behind the adapter's back.
package struct StoredState: Sendable, Equatable {
    /// Requests without a record, in any order.
    package var open: [StoredRequest]
    /// Bodies of the results, in any order.
    package var results: [String]
    package var deadLetters: [StoredLetter]
    /// What fits nothing else, such as an owner of a lease that does not exist; always a mistake.
    package var strays: [String]

    package init(
        open: [StoredRequest] = [], results: [String] = [], deadLetters: [StoredLetter] = [], strays: [String] = []
    ) {
        self.open = open
        self.results = results
        self.deadLetters = deadLetters
        self.strays = strays
    }
}

/// A request on the queue's server.
package struct StoredRequest: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        case waiting
        /// `holder` is what `SettlementHarness.holder` says of the lease's receipt.
        case leased(holder: String, isExpired: Bool)
        /// Milliseconds since 1970.
        case parked(due: Int64)
    }

    /// As the producer wrote it.
    package var body: String
    package var state: State
    /// Failed ones.
    package var attempts: Int
    /// Leases that expired.
    package var deliveries: Int

    package init(body: String, state: State, attempts: Int, deliveries: Int) {
        self.body = body
        self.state = state
        self.attempts = attempts
        self.deliveries = deliveries
    }
}

/// A dead letter on the queue's server.
package struct StoredLetter: Sendable, Hashable {
    package var body: String
    package var reason: String

    package init(body: String, reason: String) {
        self.body = body
        self.reason = reason
    }
}
