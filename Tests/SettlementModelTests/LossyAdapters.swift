import Messages
import Queue
import SettlementModel
import Synchronization

/// Which calls of a process lose their replies next.
final class Losses: Sendable {
    private struct State {
        var calls: Set<LosableCall> = []
        var settlements = false
    }

    private let armed = Mutex(State())

    func arm(_ call: LosableCall) { _ = armed.withLock { $0.calls.insert(call) } }

    func armSettlement() { armed.withLock { $0.settlements = true } }

    /// Whether the settlement under way will lose its reply.
    var willStrikeSettlement: Bool { armed.withLock(\.settlements) }

    /// Throws if the reply to this call is to be lost.
    func strike(_ call: LosableCall) throws(QueueError) {
        if armed.withLock({ $0.calls.remove(call) != nil }) { throw .lost }
    }

    func strikeSettlement() throws(QueueError) {
        let isStruck = armed.withLock { state in
            defer { state.settlements = false }
            return state.settlements
        }
        if isStruck { throw .lost }
    }
}

extension QueueError {
    fileprivate static let lost = QueueError(operation: "any call", reason: "the reply was lost")
}

/// A source whose replies may get lost after the work is done, for an adapter without a network.
struct LossySource: FaultySource {
    private let base: any RequestSource
    private let losses = Losses()
    private let gap: @Sendable (any RequestSource) async throws -> Void

    /// - Parameter gap: takes the server away from a source and brings it back.
    init(_ base: any RequestSource, gap: @escaping @Sendable (any RequestSource) async throws -> Void) {
        self.base = base
        self.gap = gap
    }

    func loseReply(to call: LosableCall) { losses.arm(call) }

    func makeGap() async throws { try await gap(base) }

    func connect() async throws(QueueError) { try await base.connect() }

    func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        let deliveries = try await base.lease(limit: limit)
        try losses.strike(.lease)
        return deliveries
    }

    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        let lost = try await base.renew(receipts)
        try losses.strike(.renew)
        return lost
    }

    func release(_ receipts: [Receipt]) async throws(QueueError) {
        try await base.release(receipts)
        try losses.strike(.release)
    }

    func health() async -> QueueHealth { await base.health() }
}

/// A sink whose replies may get lost after the work is done, for an adapter without a network.
struct LossySink: FaultySink {
    private let base: any ResultSink
    private let losses: Losses

    init(_ base: any ResultSink, _ losses: Losses) {
        self.base = base
        self.losses = losses
    }

    func loseReply() { losses.armSettlement() }

    func connect() async throws(QueueError) { try await base.connect() }

    func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        let statuses = try await base.settle(batch)
        try losses.strikeSettlement()
        return statuses
    }

    func health() async -> QueueHealth { await base.health() }
}
