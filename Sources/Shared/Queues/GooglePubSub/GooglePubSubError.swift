package import Queue

/// A call of Google Cloud Pub/Sub that failed.
package struct GooglePubSubError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// There is no such topic or subscription.
        case notFound
        /// We may not do that.
        case denied
        /// There is no token, or the server does not know it: nobody knows who we are.
        case unauthenticated
        /// What was sent makes no sense to the server: an ack id among others.
        case invalid
        /// Something about the project, a topic or a subscription must be mended first (billing, a key); or ack ids of a
        /// subscription with exactly-once delivery are good no more.
        case precondition
        /// Passes: overload, quota, a server that says it cannot just now.
        case unavailable
        /// The server has failed at this call (500); may pass.
        case fault
        /// No whole answer came, or none that makes sense.
        case noAnswer
        /// The answer was larger than was allowed.
        case tooLarge
        case cancelled
    }

    package let kind: Kind
    /// What was tried on what, such as `POST projects/p/subscriptions/s:pull`.
    package let action: String
    /// What the system answered, and what to do where that is known.
    package let reason: String
    /// For ack ids: why each of these failed, as `PERMANENT_FAILURE_…` or `TRANSIENT_FAILURE_…`; those of the same call
    /// that are not named succeeded.
    ///
    /// Source: cloud.google.com/pubsub/docs/exactly-once-delivery (google.rpc.ErrorInfo)
    package let failures: [String: String]

    package init(_ kind: Kind, _ action: String, _ reason: String, failures: [String: String] = [:]) {
        self.kind = kind
        self.action = action
        self.reason = reason
        self.failures = failures
    }

    package var description: String { "\(action): \(reason)" }

    /// Whether trying again can help without anybody changing anything.
    package var isTransient: Bool {
        switch kind {
        case .unavailable, .fault, .noAnswer, .cancelled, .tooLarge: true
        case .notFound, .denied, .unauthenticated, .invalid, .precondition: false
        }
    }

    /// Whether it says nothing about what was asked for: any other call would fail as well.
    package var concernsAll: Bool {
        switch kind {
        case .noAnswer, .unauthenticated, .cancelled: true
        case .notFound, .denied, .invalid, .precondition, .unavailable, .fault, .tooLarge: false
        }
    }
}

extension QueueError {
    package init(_ error: GooglePubSubError) {
        self.init(operation: error.action, reason: error.reason, isTransient: error.isTransient)
    }
}
