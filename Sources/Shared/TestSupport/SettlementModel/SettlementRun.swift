import Messages
import Primitives
import Queue

/// One schedule on one harness: does the steps one by one, and after each compares the server with the model.
struct SettlementRun {
    private let harness: any SettlementHarness
    private let patience: Duration
    private var sources: [any FaultySource] = []
    private var sinks: [any FaultySink] = []
    /// Every model that is possible after the steps so far; one, nearly always.
    private(set) var models: [SettlementModel]

    init(_ harness: any SettlementHarness, patience: Duration) async throws {
        self.harness = harness
        self.patience = patience
        models = [SettlementModel(rules: harness.rules, sources: ScheduleGenerator.sources)]
        for _ in 0..<ScheduleGenerator.sources { sources.append(try await harness.makeSource()) }
        for _ in 0..<ScheduleGenerator.sinks { sinks.append(try await harness.makeSink()) }
    }

    var model: SettlementModel { models[0] }

    /// Throws `Violation`, or what the adapter threw.
    mutating func take(_ step: Step) async throws {
        try await replace(step)
        let outcome = try await perform(step)
        var next: [SettlementModel] = []
        var violation = Violation("no model is left")
        for model in models {
            do throws(Violation) {
                next += try model.successors(of: step, outcome)
            } catch {
                violation = error
            }
        }
        if next.isEmpty { throw violation }
        models = try await matching(next)
    }

    /// Those models that agree with what the server keeps.
    private func matching(_ candidates: [SettlementModel]) async throws -> [SettlementModel] {
        let stored = try await harness.stored()
        let now = WallClock.now().milliseconds
        var matching: [SettlementModel] = []
        for model in candidates where !matching.contains(model) {
            if model.mismatch(stored, now: now, holder: harness.holder) == nil { matching.append(model) }
        }
        if matching.isEmpty {
            throw Violation(candidates[0].mismatch(stored, now: now, holder: harness.holder) ?? "")
        }
        return matching
    }

    /// Processes that the step lets die are replaced by new ones.
    private mutating func replace(_ step: Step) async throws {
        switch step {
        case .crash(let source): sources[source] = try await harness.makeSource()
        case .crashSink(let sink): sinks[sink] = try await harness.makeSink()
        default: break
        }
    }

    private func perform(_ step: Step) async throws -> Outcome {
        let began = WallClock.now().milliseconds
        let answer = try await answer(to: step)
        return Outcome(answer, began: began, ended: WallClock.now().milliseconds)
    }

    private func answer(to step: Step) async throws -> Outcome.Answer {
        switch step {
        case .submit(let number):
            try await harness.submit(SettlementModel.body(of: number))
        case .resubmit(_, let former):
            try await harness.resubmit(body(former))
        case .lease(let source, let limit, let losesReply):
            if losesReply { try await sources[source].loseReply(to: .lease) }
            return .leased(try await lease(sources[source], limit, within: patience))
        case .probe(let source):
            return .leased(try await lease(sources[source], 10, within: .milliseconds(5)))
        case .renew(let source, let names, let losesReply):
            return .lost(try await renew(sources[source], receipts(names), losesReply))
        case .release(let source, let names, let losesReply):
            try await release(sources[source], receipts(names), losesReply)
        case .expire(let number):
            try await harness.expireLease(of: body(number))
        case .becomeDue(let number):
            try await harness.makeDue(body(number))
        case .crash, .crashSink:
            break
        case .gap(let source):
            try await sources[source].makeGap()
        case .settle(let sink, let batch, let losesReply):
            return try await settle(sinks[sink], batch, losesReply)
        case .both(let one, let other):
            async let first = perform(one)
            async let second = perform(other)
            return try await .both(first, second)
        }
        return .done
    }

    private func body(_ number: Int) -> String { model.requests[number]?.body ?? "" }

    private func receipts(_ names: [LeaseName]) throws -> [Receipt] {
        try names.map { name throws(Violation) in try model.lease(name).receipt }
    }
}

/// Calls as stages make them.
extension SettlementRun {
    private func lease(
        _ source: any FaultySource, _ limit: Int, within time: Duration
    ) async throws -> [Delivery] {
        try await untilItWorks(connect: source.connect) { () async throws in
            try await source.lease(atMost: limit, within: time)
        }
    }

    private func renew(_ source: any FaultySource, _ receipts: [Receipt], _ losesReply: Bool) async throws -> [Receipt]
    {
        if losesReply { try await source.loseReply(to: .renew) }
        return try await untilItWorks(connect: source.connect) { () async throws in
            try await source.renew(receipts)
        }
    }

    private func release(_ source: any FaultySource, _ receipts: [Receipt], _ losesReply: Bool) async throws {
        if losesReply { try await source.loseReply(to: .release) }
        try await untilItWorks(connect: source.connect) { () async throws in
            try await source.release(receipts)
        }
    }

    /// A batch whose reply was lost is not tried again here: the schedule does, when others have done something.
    private func settle(
        _ sink: any FaultySink, _ batch: [PlannedSettlement], _ losesReply: Bool
    ) async throws -> Outcome.Answer {
        let settlements = try settlements(batch)
        if losesReply { try await sink.loseReply() }
        do {
            return .settled(try await sink.settle(settlements))
        } catch {
            guard losesReply else { throw error }
        }
        try await sink.connect()
        return .unanswered
    }

    private func settlements(_ batch: [PlannedSettlement]) throws(Violation) -> [Settlement] {
        var settlements: [Settlement] = []
        for planned in batch {
            settlements.append(
                Settlement(
                    receipt: try model.lease(planned.lease).receipt, queue: harness.queue,
                    destination: harness.destination, id: "r\(planned.lease.request)",
                    action: planned.settlementAction))
        }
        return settlements
    }

    /// Tries again, connecting first, as stages do.
    private func untilItWorks<T: Sendable>(
        connect: () async throws(QueueError) -> Void, _ call: () async throws -> T
    ) async throws -> T {
        for _ in 0..<5 {
            do {
                return try await call()
            } catch is QueueError {
                try await connect()
            }
        }
        return try await call()
    }
}

extension RequestSource {
    /// One call of `lease`, cancelled after `limit`; what it returned.
    fileprivate func lease(atMost count: Int, within limit: Duration) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery]?.self) { group in
            group.addTask { try await self.lease(limit: count) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            var deliveries: [Delivery] = []
            while let finished = try await group.next() {
                deliveries += finished ?? []
                group.cancelAll()
            }
            return deliveries
        }
    }
}

extension PlannedSettlement {
    fileprivate var settlementAction: Settlement.Action {
        switch action {
        case .result: .result(Bytes(result.utf8))
        case .park(let delay, let attempts): .park(afterMilliseconds: delay, failedAttempts: attempts)
        case .release: .release
        case .deadLetter(let hasResult):
            .deadLetter(reason: reason, result: hasResult ? Bytes(result.utf8) : nil)
        }
    }
}
