package import Messages
package import Queue

/// What a step has brought.
package struct Outcome: Sendable {
    package indirect enum Answer: Sendable {
        case done
        case leased([Delivery])
        /// Receipts that are the source's no longer.
        case lost([Receipt])
        case settled([SettlementStatus])
        /// The call threw: nothing is known.
        case unanswered
        case both(Outcome, Outcome)
    }

    package var answer: Answer
    /// When the step began and ended, milliseconds since 1970 on the queue server's clock.
    package var began: Int64
    package var ended: Int64

    package init(_ answer: Answer, began: Int64 = 0, ended: Int64 = 0) {
        self.answer = answer
        self.began = began
        self.ended = ended
    }
}

/// What a queue did that the model forbids.
package struct Violation: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
