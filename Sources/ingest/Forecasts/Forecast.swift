package import Queue

/// What becomes of the requests that wait in a queue if it goes on as it goes now, and nothing is added.
///
/// Requests are taken by deadline (those of a queue in order of arrival: `Forecast+Drawn`), and what is late takes no slot.
/// With B(t) of them due within t seconds and R ending per second, R·t of those can be made: the number that cannot is the
/// most by which B(t) exceeds R·t anywhere. With s seconds in a slot for each, n slots make n·t/s of them: the number of
/// slots needed is the most that any t asks for.
///
/// A value; all times are seconds.
package struct Forecast: Sendable, Equatable {
    /// Requests that will miss their deadlines, those that have missed them included; `nil` where nobody knows.
    package let atRisk: Int?
    /// Slots at the gateway, of all dispatch processes together, with which all are made whose deadline is still to come.
    package let slotsRequired: Int?
    /// Seconds until all that is there now has ended; infinite if nothing ends.
    package let eta: Double?
    /// Requests that end per second, by which it goes.
    package let perSecond: Double?

    /// - Parameters:
    ///   - backlog: as it was counted.
    ///   - ahead: leased requests, which go before those that wait.
    ///   - perSecond: requests that end per second; `nil` while that is not known.
    ///   - secondsEach: that each takes in a slot.
    package init(_ backlog: Backlog, ahead: Int, perSecond: Double?, secondsEach: Double?) {
        self.perSecond = perSecond
        eta = Self.eta(backlog, ahead: ahead, perSecond: perSecond)
        guard let deadlines = backlog.deadlines else {
            (atRisk, slotsRequired) = Self.ofDrawn(
                backlog.drawn ?? [], waiting: backlog.drawn == nil ? nil : backlog.waiting, ahead: ahead,
                perSecond: perSecond, secondsEach: secondsEach)
            return
        }
        let late = deadlines.count(within: 0)
        let due = deadlines.points.filter { $0.left > 0 && $0.count > late }
            .map { (left: $0.left, count: $0.count - late) }
        if due.isEmpty, deadlines.total == late {
            (atRisk, slotsRequired) = (late, 0)
            return
        }
        atRisk = perSecond.map { rate in
            // Beyond the last time there is none left to be missed that is not missed before.
            let missed = due.map { min(Double($0.count), Double($0.count + ahead) - rate * $0.left) }.max() ?? 0
            return late + Int(max(0, missed).rounded(.up))
        }
        slotsRequired = secondsEach.map { seconds in
            // What is due before one could be answered needs a slot each, and is late even so.
            let needed = due.map { Double($0.count + ahead) * seconds / max($0.left, seconds) }.max() ?? 0
            return Int(needed.rounded(.up))
        }
    }

    private static func eta(_ backlog: Backlog, ahead: Int, perSecond: Double?) -> Double? {
        guard let waiting = backlog.waiting else { return nil }
        let late = backlog.deadlines?.count(within: 0) ?? lateOfDrawn(backlog.drawn ?? [], waiting: waiting)
        let left = waiting + backlog.behind + (backlog.parked ?? 0) - late + (backlog.includesLeased ? 0 : ahead)
        if left <= 0 { return 0 }
        return perSecond.map { $0 > 0 ? Double(left) / $0 : .infinity }
    }
}
