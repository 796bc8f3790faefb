/// Tracks when the subscription was interrupted, and why: messages published meanwhile are lost to this process.
struct Hearing {
    /// The server's report about itself; `nil` is unknown (the user may lack the permission, an old server does not
    /// count).
    struct Server: Equatable {
        /// Changes with each start of the server.
        var run: String?
        /// Connections it has closed so far because too much waited for them; Redis counts them from 7.2 on.
        var overflows: Int?
        /// `client-output-buffer-limit` of subscribers, as CONFIG has it: hard limit, soft limit, seconds.
        var limit: String?
    }

    enum Cause: String, Equatable {
        /// The server says so.
        case overflow = "more waited for this listener than the server keeps"
        /// Assumed, because no other cause closes only one of the two connections of a process.
        case likelyOverflow = "the server closed this connection alone: most likely more waited for it than it keeps"
        case restarted = "the server was started again"
        case broken = "the connection broke"

        var isOverflow: Bool { self == .overflow || self == .likelyOverflow }
    }

    struct Gap: Equatable {
        let cause: Cause
        /// From the end of one subscription to the beginning of the next.
        let duration: Duration
        /// Other ingest processes that were subscribed when this one came back.
        let others: Int
        /// The server's limit for data that waits for a subscriber, if known.
        let limit: String?
        let reason: String
    }

    private var server: Server?
    private var ending: (moment: ContinuousClock.Instant, reason: String, isAlone: Bool)?

    /// The subscription ended.
    ///
    /// - Parameter isAlone: whether the server closed only this connection and keeps the others.
    mutating func ended(_ reason: String, isAlone: Bool, now: ContinuousClock.Instant) {
        if ending == nil { ending = (now, reason, isAlone) }
    }

    /// A subscription has begun again (or for the first time), and the server's report has been read.
    ///
    /// - Parameter listeners: how many ingest processes are subscribed, this one included; 0: not known.
    /// - Returns: the gap; `nil` the first time.
    mutating func began(_ server: Server, listeners: Int, now: ContinuousClock.Instant) -> Gap? {
        let before = self.server
        self.server = server
        guard let ending else { return nil }
        self.ending = nil
        return Gap(
            cause: Self.cause(before, server, isAlone: ending.isAlone), duration: now - ending.moment,
            others: max(0, listeners - 1), limit: server.limit, reason: ending.reason)
    }

    private static func cause(_ before: Server?, _ after: Server, isAlone: Bool) -> Cause {
        if let run = before?.run, let now = after.run, run != now { return .restarted }
        if let count = before?.overflows, let now = after.overflows { return now > count ? .overflow : .broken }
        return isAlone ? .likelyOverflow : .broken
    }
}
