import Messages
import Queue

extension SettlementModel {
    /// What may be after `step` brought `outcome`; throws when nothing may.
    package func successors(of step: Step, _ outcome: Outcome) throws(Violation) -> [SettlementModel] {
        if case .both(let one, let other) = step { return try successors(of: one, other, outcome) }
        if case .settle(_, let batch, let losesReply) = step {
            return try successors(of: batch, losesReply: losesReply, outcome)
        }
        var next = self
        try next.take(step, outcome)
        return [next]
    }

    /// One call has happened before the other; either may have been first.
    private func successors(
        of one: Step, _ other: Step, _ outcome: Outcome
    ) throws(Violation) -> [SettlementModel] {
        guard case .both(let first, let second) = outcome.answer else { throw Violation("two calls, one outcome") }
        var found: [SettlementModel] = []
        var reasons: [String] = []
        for order in [[(one, first), (other, second)], [(other, second), (one, first)]] {
            do throws(Violation) {
                for model in try successors(of: order[0].0, order[0].1) {
                    found += try model.successors(of: order[1].0, order[1].1)
                }
            } catch {
                reasons.append(error.description)
            }
        }
        if found.isEmpty { throw Violation("in no order: " + reasons.joined(separator: "; or ")) }
        return found
    }

    /// A batch stands as a whole; when nothing is known about it, it stands or not.
    private func successors(
        of batch: [PlannedSettlement], losesReply: Bool, _ outcome: Outcome
    ) throws(Violation) -> [SettlementModel] {
        var next = self
        var expected: [SettlementStatus] = []
        for settlement in batch { expected.append(try next.settle(settlement, outcome)) }
        switch outcome.answer {
        case .unanswered:
            return [next, self]
        case .settled(let statuses):
            guard statuses.count == batch.count else { throw Violation("\(statuses.count) statuses for \(batch)") }
            for (settlement, (status, wanted)) in zip(batch, zip(statuses, expected)) where status != wanted {
                // Whoever tries again by itself finds its own work done.
                if losesReply, status == .stale { continue }
                throw Violation("\(settlement) on \(describe(settlement.lease.request)) is \(status), not \(wanted)")
            }
            return [next]
        default:
            throw Violation("no answer to a settlement")
        }
    }

    private mutating func take(_ step: Step, _ outcome: Outcome) throws(Violation) {
        switch step {
        case .submit(let number):
            requests[number] = Request(number: number, body: Self.body(of: number))
        case .resubmit(let number, let former):
            try resubmit(former, as: number)
        case .lease(let source, let limit, let losesReply):
            guard case .leased(let deliveries) = outcome.answer else { throw Violation("no answer to a lease") }
            try lease(deliveries, to: source, limit: limit, outcome)
            noteLoss(losesReply, source)
        case .probe:
            guard case .leased(let deliveries) = outcome.answer else { throw Violation("no answer to a lease") }
            if let first = deliveries.first {
                let name = String(decoding: first.bytes, as: UTF8.self)
                throw Violation("handed out \(name), though nothing is to be had")
            }
        case .renew(let source, let leases, let losesReply):
            guard case .lost(let lost) = outcome.answer else { throw Violation("no answer to a renewal") }
            try renew(leases, of: source, lost: lost)
            noteLoss(losesReply, source)
        case .release(let source, let leases, let losesReply):
            noteLoss(losesReply, source)
            known[source].removeAll { leases.contains($0) }
            for name in leases where held(name) != nil { release(name.request, outcome) }
        case .expire(let number):
            guard case .leased(let name, _) = requests[number]?.state else { throw Violation("no lease to expire") }
            requests[number]?.state = .leased(name, isExpired: true)
        case .becomeDue(let number):
            requests[number]?.state = .parked(due: 0...outcome.ended)
        case .crash(let source):
            known[source] = []
            mayTakeOver[source] = true
        case .gap(let source):
            mayTakeOver[source] = false
        case .crashSink, .settle, .both:
            break
        }
    }

    private mutating func noteLoss(_ losesReply: Bool, _ source: Int) {
        if losesReply, rules.lostReplyIsGap { mayTakeOver[source] = false }
    }

    private mutating func resubmit(_ former: Int, as number: Int) throws(Violation) {
        guard let body = requests[former]?.body else { throw Violation("no request \(former)") }
        requests[number] = Request(number: number, body: body)
        if rules.resubmission == .replaces { requests[former]?.state = .withdrawn }
    }

    private mutating func lease(
        _ deliveries: [Delivery], to source: Int, limit: Int, _ outcome: Outcome
    ) throws(Violation) {
        guard (1...limit).contains(deliveries.count) else {
            throw Violation("\(deliveries.count) requests handed out for a limit of \(limit)")
        }
        let overdue = overdue(for: source, at: outcome.began)
        var tookWaiting = false
        for delivery in deliveries {
            let number = try lease(delivery, to: source, outcome, tookWaiting: &tookWaiting)
            known[source].append(LeaseName(request: number, nth: requests[number]?.leases ?? 0))
        }
        let left = overdue.first { requests[$0.number]?.state == $0.state }
        if tookWaiting, let left { throw Violation("\(describe(left.number)) came after what waited") }
    }

    /// What comes before requests that wait: retries that are due, and expired leases.
    private func overdue(for source: Int, at now: Int64) -> [Request] {
        available(to: source, at: now, surely: true).filter { $0.state != .waiting }
    }

    /// Returns the request's number.
    private mutating func lease(
        _ delivery: Delivery, to source: Int, _ outcome: Outcome, tookWaiting: inout Bool
    ) throws(Violation) -> Int {
        let body = String(decoding: delivery.bytes, as: UTF8.self)
        guard var request = available(to: source, at: outcome.ended).first(where: { $0.body == body }) else {
            let others = requests.values.filter { $0.body == body }.map { describe($0.number) }
            throw Violation("source \(source) was given \(others.isEmpty ? [body] : others)")
        }
        if case .leased = request.state { request.deliveries += 1 }
        if request.state == .waiting { tookWaiting = true }
        request.leases += 1
        let name = LeaseName(request: request.number, nth: request.leases)
        request.state = .leased(name, isExpired: false)
        if let twin = leases.first(where: { $0.value.receipt == delivery.receipt }) {
            throw Violation("the receipts of \(name) and \(twin.key) are the same")
        }
        guard delivery.deliveries == request.deliveries, delivery.failedAttempts == request.attempts else {
            let counts = "deliveries \(delivery.deliveries), failed attempts \(delivery.failedAttempts)"
            throw Violation("\(name) was handed out with \(counts), not \(request.deliveries), \(request.attempts)")
        }
        leases[name] = Lease(receipt: delivery.receipt, source: source, generation: request.generation)
        requests[request.number] = request
        return request.number
    }

    private mutating func renew(
        _ names: [LeaseName], of source: Int, lost: [Receipt]
    ) throws(Violation) {
        let former = names.filter { held($0) == nil }
        var expected: Set<Receipt> = []
        for name in former { expected.insert(try lease(name).receipt) }
        guard Set(lost) == expected else {
            let told = names.filter { leases[$0].map { lost.contains($0.receipt) } ?? false }
            throw Violation("renewing \(names) lost \(told), not \(former)")
        }
        for name in names where held(name) != nil {
            requests[name.request]?.state = .leased(name, isExpired: false)
        }
        known[source].removeAll { former.contains($0) }
    }
}
