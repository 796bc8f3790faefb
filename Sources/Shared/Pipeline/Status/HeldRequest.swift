package import Primitives

/// One place in a stage where a request is, for `/where`; a request may be in several at once, one behind the other.
package struct HeldRequest: Sendable, Equatable {
    /// The queue that it came from.
    package var queue: String
    /// Tells apart what was submitted under the same id; `nil` without one.
    package var token: String?
    /// Such as `waits for a slot`.
    package var place: String
    /// What must happen for it to go on, in words; empty where the place says so.
    package var reason: String
    /// How long it has been there; `nil`: not known.
    package var age: Duration?
    /// When ingest leased it.
    package var leasedAt: WallClock
    package var deadline: WallClock
    /// Attempts that have failed.
    package var failedAttempts: Int
    /// Where its attempts go, without secrets; empty without one.
    package var url: String

    package init(
        queue: String, token: String?, place: String, reason: String, age: Duration?, leasedAt: WallClock,
        deadline: WallClock, failedAttempts: Int, url: String
    ) {
        self.queue = queue
        self.token = token
        self.place = place
        self.reason = reason
        self.age = age
        self.leasedAt = leasedAt
        self.deadline = deadline
        self.failedAttempts = failedAttempts
        self.url = url
    }

    /// Most that one answer tells of: ids need not be unique.
    package static let most = 100
}
