import SQLite

/// When the queue has something to hand out, as far as can be told.
struct NextWork: Sendable, Equatable {
    /// Whether a request can be had now.
    let isNow: Bool
    /// Whether leases that have ended may be taken over now.
    let mayTakeOver: Bool
    /// Leases that have ended may be taken over from this time on, milliseconds since 1970.
    let takeOverFrom: Int64
    /// When the first parked request is due or the first lease may be taken over; `nil` when there is none.
    private let next: Int64?

    init(_ outlook: Outlook, takeOverFrom: Int64) {
        let takeOver = outlook.leaseEndMilliseconds.map { max($0, takeOverFrom) }
        next = [outlook.parkedDueMilliseconds, takeOver].compactMap(\.self).min()
        isNow = outlook.hasReady || next.map { $0 <= outlook.nowMilliseconds } ?? false
        mayTakeOver = outlook.nowMilliseconds >= takeOverFrom
        self.takeOverFrom = takeOverFrom
    }

    /// Milliseconds from `now` until there is something; `nil` when that depends on others.
    func milliseconds(at now: Int64) -> Int64? { next.map { max(0, $0 - now) } }
}
