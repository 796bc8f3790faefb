/// Whether an attempt may start, and how long it may take.
package enum AttemptAdmission: Sendable, Equatable {
    /// The deadline is over: no HTTP.
    case deadlineOver
    case attempt(timeout: Duration)

    /// - Parameters:
    ///   - deadline: Unix seconds after which no attempt starts.
    ///   - now: milliseconds since 1970.
    ///   - requestTimeout: the most that one attempt may take.
    package init(deadline: Int64, now: Int64, requestTimeout: Duration) {
        let left = Duration.seconds(deadline) - .milliseconds(now)
        self = left > .zero ? .attempt(timeout: min(requestTimeout, left)) : .deadlineOver
    }
}
