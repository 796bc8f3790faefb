import Messages
import Queue
import SettlementModel
import Testing

/// What the model allows and what it does not, without any queue.
struct ModelTests {
    @Test
    func allowsOneHolderOnly() throws {
        var bench = ModelBench()
        try bench.submit(1)
        try bench.lease(1)
        #expect(throws: Violation.self) { try bench.lease(1, by: 1) }
    }

    @Test
    func allowsATakeoverThatIsCounted() throws {
        var bench = ModelBench()
        try bench.submit(1)
        try bench.lease(1)
        try bench.take(.expire(request: 1))
        #expect(throws: Violation.self) { try bench.lease(1, by: 1, deliveries: 0) }
        try bench.lease(1, by: 1, deliveries: 1)
        #expect(bench.model.requests[1]?.deliveries == 1)
    }

    @Test
    func forbidsATakeoverAfterAGap() throws {
        var bench = ModelBench()
        try bench.submit(1, 2)
        try bench.lease(1)
        try bench.take(.expire(request: 1))
        try bench.take(.gap(source: 1))
        #expect(throws: Violation.self) { try bench.lease(1, by: 1, deliveries: 1) }
        try bench.lease(2, by: 1)
        try bench.take(.crash(source: 1))
        try bench.lease(1, by: 1, deliveries: 1)
    }

    @Test
    func forbidsReceiptsThatAreTheSame() throws {
        var bench = ModelBench()
        try bench.submit(1, 2)
        let one = bench.delivery(1)
        var other = bench.delivery(2)
        other.receipt = one.receipt
        let step = Step.lease(source: 0, limit: 2, losesReply: false)
        #expect(throws: Violation.self) { try bench.take(step, .leased([one, other])) }
    }

    @Test(arguments: [0, 3])
    func forbidsMoreThanTheLimitAndLessThanOne(count: Int) throws {
        var bench = ModelBench()
        try bench.submit(1, 2, 3)
        let deliveries = (1...3).prefix(count).map { bench.delivery($0) }
        let step = Step.lease(source: 0, limit: 2, losesReply: false)
        #expect(throws: Violation.self) { try bench.take(step, .leased(deliveries)) }
    }

    @Test
    func forbidsWhatIsParkedUntilItIsDue() throws {
        var bench = ModelBench()
        try bench.submit(1)
        try bench.settle(try bench.lease(1), .hour, .settled)
        #expect(throws: Violation.self) { try bench.lease(1, failedAttempts: 1) }
        try bench.take(.becomeDue(request: 1))
        #expect(throws: Violation.self) { try bench.lease(1, failedAttempts: 0) }
        try bench.lease(1, failedAttempts: 1)
    }

    @Test
    func wantsRetriesBeforeWhatWaits() throws {
        var bench = ModelBench()
        try bench.submit(1, 2)
        try bench.settle(try bench.lease(1), .hour, .settled)
        bench.models[0] = try #require(try bench.dueLongAgo(1))
        #expect(throws: Violation.self) { try bench.lease(2) }
        try bench.lease(1, failedAttempts: 1)
        try bench.lease(2)
    }

    @Test
    func wantsExpiredLeasesBeforeWhatWaits() throws {
        var bench = ModelBench()
        try bench.submit(1, 2)
        try bench.lease(1)
        try bench.take(.expire(request: 1))
        #expect(throws: Violation.self) { try bench.lease(2, by: 1) }
        try bench.lease(1, by: 1, deliveries: 1)
        try bench.lease(2, by: 1)
    }

    @Test(arguments: [PlannedSettlement.Action.hour, .release, .deadLetter(hasResult: true)])
    func letsOnlyTheHolderGiveUp(action: PlannedSettlement.Action) throws {
        var bench = ModelBench()
        try bench.submit(1)
        let former = try bench.lease(1)
        try bench.take(.expire(request: 1))
        let current = try bench.lease(1, by: 1, deliveries: 1)
        #expect(throws: Violation.self) { try bench.settle(former, action, .settled) }
        try bench.settle(former, action, .stale)
        try bench.settle(current, action, .settled)
        try bench.settle(current, action, .stale)
    }

    @Test
    func takesALateResultAndNoSecondOne() throws {
        var bench = ModelBench()
        try bench.submit(1)
        let former = try bench.lease(1)
        try bench.take(.expire(request: 1))
        let current = try bench.lease(1, by: 1, deliveries: 1)
        try bench.settle(former, .result, .settled, number: 7)
        #expect(throws: Violation.self) { try bench.settle(current, .result, .settled) }
        try bench.settle(current, .result, .stale)
        #expect(bench.model.results == [#"{"id":"r1","payload":"settlement 7"}"#])
        #expect(bench.state(1) == .answered)
    }

    @Test
    func renewsWhatNobodyHasTakenOver() throws {
        var bench = ModelBench()
        try bench.submit(1, 2)
        let names = [try bench.lease(1), try bench.lease(2)]
        try bench.take(.expire(request: 1))
        try bench.take(.expire(request: 2))
        try bench.lease(1, by: 1, deliveries: 1)
        let step = Step.renew(source: 0, leases: names, losesReply: false)
        let receipts = names.compactMap { bench.model.leases[$0]?.receipt }
        #expect(throws: Violation.self) { try bench.take(step, .lost([])) }
        #expect(throws: Violation.self) { try bench.take(step, .lost(receipts)) }
        try bench.take(step, .lost([receipts[0]]))
        #expect(bench.state(2) == .leased(names[1], isExpired: false))
        #expect(bench.model.known[0] == [names[1]])
    }

    @Test
    func knowsTheOldSubmissionFromTheNewOne() throws {
        var bench = ModelBench()
        try bench.submit(1)
        let old = try bench.lease(1)
        try bench.take(.resubmit(request: 2, of: 1))
        #expect(bench.state(1) == .withdrawn)
        #expect(throws: Violation.self) { try bench.settle(old, .result, .settled) }
        try bench.settle(old, .result, .stale)
    }
}

extension ModelBench {
    /// The model in which a parked request became due before all steps to come.
    fileprivate func dueLongAgo(_ number: Int) throws -> SettlementModel? {
        let past = Outcome(.done, began: 0, ended: Self.now - 1000)
        return try model.successors(of: .becomeDue(request: number), past).first
    }
}
