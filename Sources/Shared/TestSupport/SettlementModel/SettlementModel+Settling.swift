import Queue

extension SettlementModel {
    /// Settles one lease; says what the queue must say.
    mutating func settle(_ settlement: PlannedSettlement, _ outcome: Outcome) throws(Violation) -> SettlementStatus {
        let number = settlement.lease.request
        let lease = try lease(settlement.lease)
        if settlement.action == .result {
            guard let request = requests[number], request.generation == lease.generation, takesResult(request) else {
                return .stale
            }
            requests[number]?.state = .answered
            results.append(settlement.result)
            return .settled
        }
        guard let request = held(settlement.lease) else { return .stale }
        switch settlement.action {
        case .result:
            break
        case .park(let milliseconds, let failedAttempts):
            requests[number]?.attempts = failedAttempts
            requests[number]?.state = .parked(due: Self.due(after: milliseconds, outcome))
        case .release:
            release(number, outcome)
        case .deadLetter(let hasResult):
            requests[number]?.state = .deadLettered
            deadLetters.append(StoredLetter(body: request.body, reason: settlement.reason))
            if hasResult { results.append(settlement.result) }
        }
        return .settled
    }

    /// Gives a leased request back.
    ///
    /// Where its bytes are on the queue once more, a set has no second place for them: it is parked, due at once.
    mutating func release(_ number: Int, _ outcome: Outcome) {
        guard let request = requests[number] else { return }
        if open.contains(where: { $0.body == request.body && $0.number != number }) {
            requests[number]?.state = .parked(due: Self.due(after: 0, outcome))
            return
        }
        requests[number]?.state = .waiting
        if rules.releaseForgets, request.attempts == 0, request.deliveries == 0 { requests[number]?.generation += 1 }
    }

    private func takesResult(_ request: Request) -> Bool {
        switch request.state {
        case .leased, .parked: true
        case .waiting: rules.resultSettlesWaiting
        case .answered, .deadLettered, .withdrawn: false
        }
    }

    /// When a request is due that was parked during `outcome`, give or take rounding.
    private static func due(after milliseconds: Int64, _ outcome: Outcome) -> ClosedRange<Int64> {
        (outcome.began + milliseconds - 1)...(outcome.ended + milliseconds + 1)
    }
}
