extension Envelope {
    /// Decides how the lease ends.
    ///
    /// The request's payload is dropped: what it ends with does not need it, and the queue
    /// has it.
    package mutating func end(_ ending: Ending) {
        payload = []
        progress = .ended(ending)
    }

    /// Milliseconds until the deadline; zero or negative once it is reached.
    ///
    /// Cannot overflow.
    /// - Parameter now: milliseconds since 1970.
    package func millisecondsLeft(at now: Int64) -> Int64 { Deadline.millisecondsLeft(until: deadline, at: now) }

    /// Milliseconds since it was leased, 0 if ingest's clock is ahead; `nil` if that was before there was any of this.
    ///
    /// Cannot overflow.
    /// - Parameter now: milliseconds since 1970.
    package func millisecondsSinceLease(at now: Int64) -> Int64? {
        guard leasedAt > 0 else { return nil }
        let (age, isTooMuch) = now.subtractingReportingOverflow(leasedAt)
        return isTooMuch ? 0 : max(0, age)
    }
}

/// Arithmetic on deadlines that producers chose, however far away.
package enum Deadline {
    /// Milliseconds from `now` (milliseconds since 1970) to `deadline` (Unix seconds), cut to what fits.
    package static func millisecondsLeft(until deadline: Int64, at now: Int64) -> Int64 {
        let milliseconds = deadline.multipliedReportingOverflow(by: 1000)
        let end = milliseconds.overflow ? (deadline < 0 ? Int64.min : .max) : milliseconds.partialValue
        let left = end.subtractingReportingOverflow(now)
        return left.overflow ? (end < 0 ? .min : .max) : left.partialValue
    }
}
