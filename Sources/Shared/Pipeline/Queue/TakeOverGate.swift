/// Whether expired leases may be taken over.
///
/// After a gap, in which this process did not run or the queue's server did not answer, leases have expired whose holders
/// are alive and had the same gap: they get a third of a lease to renew before anybody takes over.
///
/// A source shows signs of life far more often than every half lease: while it waits, and while it has no room it holds
/// requests and renews them every third of a lease. Half a lease without any is a gap, and a
/// shorter one expires nothing that was renewed in time.
///
/// Times are milliseconds of the wall clock, which leases are counted in: when the machine sleeps or the clock jumps
/// ahead, that is a gap as well.
package struct TakeOverGate: Sendable {
    private let gap: Int64
    private let holdOff: Int64
    private var lastTurn: Int64?
    private var hasFailed = false
    /// Expired leases are left alone before this time.
    package private(set) var closedUntil = Int64.min

    /// - Parameter holdOff: how long the gate stays closed after a gap, milliseconds; a third of a lease if `nil`.
    package init(leaseMilliseconds: Int64, holdOff: Int64? = nil) {
        gap = leaseMilliseconds / 2
        self.holdOff = holdOff ?? leaseMilliseconds / 3
    }

    /// Notes a sign of life: the process runs, and the server answers.
    package mutating func turn(at now: Int64) {
        let wasAway = lastTurn.map { now - $0 > gap } ?? false
        if wasAway || hasFailed { closedUntil = now + holdOff }
        hasFailed = false
        lastTurn = now
    }

    /// Notes that the server did not answer.
    ///
    /// The gate closes for as long as that lasts, and for the hold-off from
    /// the first turn after it.
    package mutating func fail() { hasFailed = true }
}
