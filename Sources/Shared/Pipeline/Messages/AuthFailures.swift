/// What 401 and 403 mean for a request.
package enum AuthFailures: String, Sendable, CaseIterable {
    /// Tried again until the deadline: the token may be being replaced.
    case hold
    /// The request's result.
    case final
}
