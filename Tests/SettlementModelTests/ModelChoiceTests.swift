import Messages
import Queue
import SettlementModel
import Testing

/// Steps after which several models are possible.
struct ModelChoiceTests {
    @Test
    func believesALostSettlementEitherWay() throws {
        var bench = ModelBench()
        try bench.submit(1)
        let planned = PlannedSettlement(number: 1, lease: try bench.lease(1), action: .result)
        let step = Step.settle(sink: 0, [planned], losesReply: true)
        try bench.take(step, .unanswered)
        #expect(Set(bench.models.map(\.results)) == [[planned.result], []])
    }

    @Test
    func allowsAStaleAnswerToWhomLosesReplies() throws {
        var bench = ModelBench()
        try bench.submit(1)
        let planned = PlannedSettlement(number: 1, lease: try bench.lease(1), action: .result)
        #expect(throws: Violation.self) {
            try bench.take(.settle(sink: 0, [planned], losesReply: false), .settled([.stale]))
        }
        try bench.take(.settle(sink: 0, [planned], losesReply: true), .settled([.stale]))
        #expect(bench.state(1) == .answered)
    }

    @Test(arguments: [[SettlementStatus.settled, .stale], [.stale, .settled]])
    func takesTwoCallsAtOnceInAnyOrder(statuses: [SettlementStatus]) throws {
        var bench = ModelBench()
        try bench.submit(1)
        let name = try bench.lease(1)
        try bench.take(.race(name), .race(statuses[0], statuses[1]))
        let winner = statuses[0] == .settled ? 1 : 2
        #expect(bench.model.results == [PlannedSettlement(number: winner, lease: name, action: .result).result])
    }

    @Test(arguments: [[SettlementStatus.settled, .settled], [.stale, .stale]])
    func forbidsWhatNoOrderExplains(statuses: [SettlementStatus]) throws {
        var bench = ModelBench()
        try bench.submit(1)
        let name = try bench.lease(1)
        #expect(throws: Violation.self) { try bench.take(.race(name), .race(statuses[0], statuses[1])) }
    }

    @Test
    func letsNobodyWaitBesideAnother() throws {
        var bench = ModelBench()
        try bench.submit(1)
        let (one, other) = (Step.lease(source: 0, limit: 1, losesReply: false), Step.probe(source: 1))
        let second = Step.lease(source: 1, limit: 1, losesReply: false)
        #expect(bench.model.allows(one, at: ModelBench.now))
        #expect(!bench.model.allows(other, at: ModelBench.now))
        #expect(!bench.model.allows(.both(one, second), at: ModelBench.now))
        try bench.submit(2)
        #expect(bench.model.allows(.both(one, second), at: ModelBench.now))
    }
}

extension Step {
    /// Two sinks settle one lease.
    fileprivate static func race(_ name: LeaseName) -> Step {
        .both(
            .settle(sink: 0, [PlannedSettlement(number: 1, lease: name, action: .result)], losesReply: false),
            .settle(sink: 1, [PlannedSettlement(number: 2, lease: name, action: .result)], losesReply: false))
    }
}

extension Outcome.Answer {
    fileprivate static func race(_ one: SettlementStatus, _ other: SettlementStatus) -> Outcome.Answer {
        .both(Outcome(.settled([one])), Outcome(.settled([other])))
    }
}
