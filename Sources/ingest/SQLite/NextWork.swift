import SQLite

/// When the queue has requests to hand out, as far as is known.
struct NextWork: Sendable, Equatable {
    /// Whether a request can be leased now.
    let isNow: Bool
    /// Whether leases that have ended may be taken over now.
    let mayTakeOver: Bool
    /// Leases that have ended may be taken over from this time on, milliseconds since 1970.
    let takeOverFrom: Int64
    /// When the first parked request is due or the first lease may be taken over; `nil` when there is none.
    private let next: Int64?

    init(_ state: QueueState, takeOverFrom: Int64) {
        let takeOver = state.leaseEndMilliseconds.map { max($0, takeOverFrom) }
        next = [state.parkedDueMilliseconds, takeOver].compactMap(\.self).min()
        isNow = state.hasReady || next.map { $0 <= state.nowMilliseconds } ?? false
        mayTakeOver = state.nowMilliseconds >= takeOverFrom
        self.takeOverFrom = takeOverFrom
    }

    /// Milliseconds from `now` until there is a request; `nil` when that depends on other processes.
    func milliseconds(at now: Int64) -> Int64? { next.map { max(0, $0 - now) } }
}

/// Detects whether the wall clock was set back, by comparing it with a monotonic clock.
///
/// A second or more counts. A step before the first comparison cannot be seen: at first the clock counts as set back.
struct ClockSteps: Sendable, Equatable {
    /// Whether it was set back since this was last set to `false`.
    var wasSetBack = true
    private var ahead: Int64?

    /// Both clocks at one moment, in milliseconds.
    mutating func note(clock: Int64, running: Int64) {
        if let ahead, clock - running <= ahead - 1000 { wasSetBack = true }
        ahead = clock - running
    }
}
