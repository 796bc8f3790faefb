package import Queue

/// A Redis server, or the way to it, that failed.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The address makes no sense.
        case settings
        /// There is no connection, or it broke: whether the command was carried out is not known.
        case connection
        /// The server answered with an error.
        case answer
        /// The task was cancelled while it waited to reconnect.
        case cancelled
    }

    /// What was tried on what, such as `EVALSHA claim-due on redis://localhost:6379/0`; never with a password.
    package let operation: String
    /// What the server or the system answered.
    package let reason: String
    package let kind: Kind

    package init(operation: String, reason: String, kind: Kind) {
        self.operation = operation
        self.reason = reason
        self.kind = kind
    }

    package var description: String { "\(operation): \(reason)" }

    /// Whether trying again can help without anybody changing anything.
    package var isTransient: Bool {
        switch kind {
        case .settings: false
        case .connection, .cancelled: true
        case .answer: refusal.isTransient
        }
    }

    /// The class of what the server answered.
    package var refusal: RedisRefusal { RedisRefusal(reason) }
}

extension QueueError {
    package init(_ error: RedisError) {
        self.init(operation: error.operation, reason: error.reason, isTransient: error.isTransient)
    }
}
