/// A queue server that could not do what it was asked.
package struct QueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried on what, such as `EVALSHA claim on redis://localhost:6379/0`; never with a password.
    package let operation: String
    /// What the system answered.
    package let reason: String
    /// Whether trying again can help without anybody changing anything.
    package let isTransient: Bool

    package init(operation: String, reason: String, isTransient: Bool = true) {
        self.operation = operation
        self.reason = reason
        self.isTransient = isTransient
    }

    package var description: String { "\(operation): \(reason)" }
}
