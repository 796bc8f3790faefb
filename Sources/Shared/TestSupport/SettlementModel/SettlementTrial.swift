import Primitives

/// Runs schedules against a kind of queue.
///
/// A number replays its schedule, but for what calls at the same time make of each other.
package struct SettlementTrial: Sendable {
    private let length: Int
    private let patience: Duration
    private let makeHarness: @Sendable () async throws -> any SettlementHarness

    /// - Parameters:
    ///   - length: steps of a schedule before everything is brought to its record.
    ///   - patience: how long anything that must happen may take, on a busy machine.
    package init(
        length: Int = 60, patience: Duration = .seconds(10),
        makeHarness: @escaping @Sendable () async throws -> any SettlementHarness
    ) {
        self.length = length
        self.patience = patience
        self.makeHarness = makeHarness
    }

    /// Runs the schedule of this number; `nil` when the queue did as the model says.
    package func run(seed: UInt64) async throws -> SettlementFailure? {
        var generator = ScheduleGenerator(seed: seed)
        return try await run(seed: seed) { run, taken in
            taken < length ? generator.next(run.model, at: WallClock.now().milliseconds) : nil
        }
    }

    /// Runs given steps; those that make no sense any more are left out.
    package func replay(_ steps: [Step], seed: UInt64 = 0) async throws -> SettlementFailure? {
        var rest = steps[...]
        return try await run(seed: seed, drains: false) { run, _ in
            while let step = rest.popFirst() {
                if run.model.allows(step, at: WallClock.now().milliseconds) { return step }
            }
            return nil
        }
    }

    /// Leaves out steps for as long as the rest still fails; tries at most `tries` times.
    package func shrink(_ failure: SettlementFailure, tries: Int = 300) async throws -> SettlementFailure {
        var best = failure
        var tries = tries
        var size = max(1, best.steps.count / 2)
        while tries > 0 {
            var start = 0
            var hasShrunk = false
            while start < best.steps.count, tries > 0 {
                tries -= 1
                var steps = best.steps
                steps.removeSubrange(start..<min(start + size, steps.count))
                if let smaller = try await replay(steps, seed: failure.seed) {
                    best = smaller
                    hasShrunk = true
                } else {
                    start += size
                }
            }
            if size == 1, !hasShrunk { break }
            size = max(1, size / 2)
        }
        return best
    }

    private func run(
        seed: UInt64, drains: Bool = true, _ next: (SettlementRun, Int) -> Step?
    ) async throws -> SettlementFailure? {
        let harness = try await makeHarness()
        var taken: [Step] = []
        var violation: Violation?
        do {
            var run = try await SettlementRun(harness, patience: patience)
            while let step = next(run, taken.count) {
                taken.append(step)
                try await run.take(step)
            }
            if drains { try await drain(&run, &taken) }
        } catch let error as Violation {
            violation = error
        } catch {
            violation = Violation("threw \(error)")
        }
        await harness.close()
        return violation.map { SettlementFailure(seed: seed, steps: taken, violation: $0) }
    }

    /// Brings every request to its record, as happens when faults end: nothing may be left that cannot.
    private func drain(_ run: inout SettlementRun, _ taken: inout [Step]) async throws {
        var settlement = 1_000_000
        for _ in 0..<20 {
            for step in run.model.drainingSteps(settlement: settlement, at: WallClock.now().milliseconds) {
                guard run.model.allows(step, at: WallClock.now().milliseconds) else { continue }
                taken.append(step)
                try await run.take(step)
            }
            settlement += 1000
            if run.model.open.isEmpty { return }
        }
        throw Violation("requests without an end: \(run.model.open.map { run.model.describe($0.number) })")
    }
}

/// A schedule after which the queue was not as the model says.
package struct SettlementFailure: Error, Sendable, CustomStringConvertible {
    /// The schedule's number, which replays it.
    package let seed: UInt64
    /// The last of these is where it showed.
    package let steps: [Step]
    package let violation: Violation

    package var description: String {
        let last = steps.enumerated().suffix(15).map { "  \($0.offset + 1). \($0.element)" }
        return "schedule \(seed), step \(steps.count): \(violation)\n" + last.joined(separator: "\n")
    }
}
