extension SettlementModel {
    /// Whether a step makes sense now; when steps before it were taken away it may not.
    ///
    /// - Parameter now: milliseconds since 1970.
    package func allows(_ step: Step, at now: Int64) -> Bool {
        switch step {
        case .submit(let number): requests[number] == nil
        case .resubmit(let number, let former): requests[number] == nil && mayResubmit(former)
        case .lease(let source, _, _): !available(to: source, at: now, surely: true).isEmpty
        // For some seconds nothing may become due.
        case .probe(let source): available(to: source, at: now + 10_000).isEmpty
        case .renew(_, let names, _), .release(_, let names, _): names.allSatisfy { leases[$0] != nil }
        case .settle(_, let batch, _): batch.allSatisfy { leases[$0.lease] != nil }
        case .expire(let number):
            if case .leased(_, false) = requests[number]?.state { true } else { false }
        case .becomeDue(let number):
            if case .parked = requests[number]?.state { true } else { false }
        case .crash, .gap, .crashSink: true
        case .both(let one, let other):
            allows(one, at: now) && allows(other, at: now) && hasEnough(one, beside: other, at: now)
                && hasEnough(other, beside: one, at: now)
        }
    }

    /// Whether its bytes can be put on the queue again, and make another request.
    package func mayResubmit(_ number: Int) -> Bool {
        guard let request = requests[number], request.isOpen else { return false }
        switch rules.resubmission {
        case .replaces: return true
        case .waitsForRecord: return !open.contains { $0.body == request.body && $0.state == .waiting }
        }
    }

    /// Whether a lease finds something, whatever the call beside it has taken first.
    private func hasEnough(_ step: Step, beside other: Step, at now: Int64) -> Bool {
        guard case .lease(let source, let limit, _) = step else { return true }
        let available = available(to: source, at: now, surely: true)
        switch other {
        case .lease(_, let more, _): return available.count >= limit + more
        case .renew(_, let names, _), .release(_, let names, _):
            return available.count { request in !names.contains { $0.request == request.number } } > 0
        case .settle(_, let batch, _):
            return available.count { request in !batch.contains { $0.lease.request == request.number } } > 0
        default: return true
        }
    }
}
