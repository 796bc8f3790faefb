import Messages
import Queue
import SettlementModel
import Testing

/// A model that is told of steps and what they brought, without any queue.
struct ModelBench {
    static let now: Int64 = 1_000_000

    var models: [SettlementModel]
    private var tokens = 0

    init(_ rules: SettlementRules = .plain) { models = [SettlementModel(rules: rules, sources: 2)] }

    var model: SettlementModel { models[0] }

    /// Throws when no model allows the step with what it brought.
    mutating func take(_ step: Step, _ answer: Outcome.Answer = .done) throws {
        models = try model.successors(of: step, Outcome(answer, began: Self.now, ended: Self.now))
    }

    mutating func submit(_ numbers: Int...) throws {
        for number in numbers { try take(.submit(request: number)) }
    }

    /// A source leases one request; returns the lease's name.
    @discardableResult
    mutating func lease(
        _ number: Int, by source: Int = 0, deliveries: Int = 0, failedAttempts: Int = 0
    ) throws -> LeaseName {
        let delivery = delivery(number, deliveries: deliveries, failedAttempts: failedAttempts)
        try take(.lease(source: source, limit: 1, losesReply: false), .leased([delivery]))
        return LeaseName(request: number, nth: try #require(model.requests[number]).leases)
    }

    /// What a queue hands out, with a receipt of its own.
    mutating func delivery(_ number: Int, deliveries: Int = 0, failedAttempts: Int = 0) -> Delivery {
        tokens += 1
        return Delivery(
            bytes: Bytes(SettlementModel.body(of: number).utf8), receipt: Receipt("receipt \(tokens)"),
            deliveries: deliveries, failedAttempts: failedAttempts)
    }

    /// Settles one lease with this status.
    mutating func settle(
        _ lease: LeaseName, _ action: PlannedSettlement.Action, _ status: SettlementStatus, number: Int = 1
    ) throws {
        let planned = PlannedSettlement(number: number, lease: lease, action: action)
        try take(.settle(sink: 0, [planned], losesReply: false), .settled([status]))
    }

    /// How the model differs from what a server has.
    func mismatch(_ stored: StoredState) -> String? {
        model.mismatch(stored, now: Self.now) { $0.text }
    }

    func state(_ number: Int) -> SettlementModel.State? { model.requests[number]?.state }
}

extension SettlementRules {
    /// A queue where every submission keeps its identity.
    static let plain = SettlementRules(
        resubmission: .replaces, resultSettlesWaiting: true, releaseForgets: false, recoversLeases: false,
        lostReplyIsGap: false)

    /// A set of bytes, where what is given back and has no counts is forgotten.
    static let set = SettlementRules(
        resubmission: .waitsForRecord, resultSettlesWaiting: false, releaseForgets: true, recoversLeases: true,
        lostReplyIsGap: true)
}

extension PlannedSettlement.Action {
    static let hour = PlannedSettlement.Action.park(milliseconds: 3_600_000, failedAttempts: 1)
}
