import Glibc

/// Whether expired leases may be taken over.
///
/// After a gap, in which this process did not run or the queue's server did not answer, leases have expired whose holders
/// are alive and had the same gap: they get a third of a lease to renew before anybody takes over.
///
/// A source shows signs of life far more often than every half lease: while it waits, and while it has no room it holds
/// requests and renews them every third of a lease. Half a lease without any is a gap, and a
/// shorter one expires nothing that was renewed in time.
///
/// Time is counted on a clock that nobody sets and that goes on while the machine sleeps, in milliseconds. The clock by
/// which leases end is another one, which may be set: half a lease ahead of it is a gap as well, back is none.
package struct TakeOverGate: Sendable {
    private let gap: Int64
    private let holdOff: Int64
    private var lastTurn: Int64?
    /// How far the clock of leases was ahead of ours when it was last read.
    private var ahead: Int64?
    private var hasFailed = false
    /// Expired leases are left alone before this time.
    package private(set) var closedUntil = Int64.min

    /// - Parameter holdOff: how long the gate stays closed after a gap, milliseconds; a third of a lease if `nil`.
    package init(leaseMilliseconds: Int64, holdOff: Int64? = nil) {
        gap = leaseMilliseconds / 2
        self.holdOff = holdOff ?? leaseMilliseconds / 3
    }

    /// Notes a sign of life: the process runs, and the server answers.
    ///
    /// - Parameter leases: the clock by which leases end, milliseconds since 1970; `nil` where it was not read.
    package mutating func turn(at now: Int64, leases: Int64? = nil) {
        let wasAway = lastTurn.map { now - $0 > gap } ?? false
        if wasAway || hasFailed || leases.map({ $0 > latest(at: now) }) ?? false { closedUntil = now + holdOff }
        hasFailed = false
        lastTurn = now
        if let leases { ahead = leases - now }
    }

    /// Notes that the server did not answer.
    ///
    /// The gate closes for as long as that lasts, and for the hold-off from
    /// the first turn after it.
    package mutating func fail() { hasFailed = true }

    /// The latest that the clock of leases can show without having been set ahead by half a lease.
    package func latest(at now: Int64) -> Int64 {
        // A far future that a double and a script can hold.
        ahead.map { now + $0 + gap } ?? 1 << 52
    }

    package func isOpen(at now: Int64) -> Bool { now >= closedUntil }
}

/// Milliseconds since the machine was started, also those in which it slept; nobody sets this clock.
///
/// Source: clock_gettime(2), CLOCK_BOOTTIME.
package func runningClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
