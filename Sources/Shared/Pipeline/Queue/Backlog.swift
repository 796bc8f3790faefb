/// What waits in a queue, as its server tells it; `nil`: nobody says.
package struct Backlog: Sendable, Equatable {
    /// Requests that wait to be leased and are not parked.
    package var waiting: Int?
    /// Requests that wait for a retry, whether due or not.
    package var parked: Int?
    /// When the first of the parked ones is due, milliseconds since 1970 by the server's clock; may be in the past.
    package var nextDueMilliseconds: Int64?
    /// Requests that some ingest has leased.
    package var leased: Int?
    /// Submissions that wait because the same bytes are leased or parked; not among those that wait.
    package var behind = 0
    /// By deadline, those that wait.
    package var deadlines: DeadlineCounts?
    /// Some of those that wait, evenly over the queue, where it is in order of arrival and does not count deadlines.
    package var drawn: [DrawnRequest]?
    /// The server cannot tell what waits, and is not asked.
    package var isUntold = false
    /// The server does not tell those that wait from those that are leased or parked: `waiting` counts all.
    package var includesLeased = false

    package init(waiting: Int? = nil, parked: Int? = nil, nextDueMilliseconds: Int64? = nil) {
        self.waiting = waiting
        self.parked = parked
        self.nextDueMilliseconds = nextDueMilliseconds
    }
}
