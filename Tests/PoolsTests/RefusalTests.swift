import Pools
import Testing

/// Gateways that refuse, for one reason or the other, and pools before them.
struct RefusalTests {
    private func pool(_ change: (inout PoolLimits) -> Void = { _ in }) -> Pool {
        var settings = PoolLimits(concurrency: 512, target: 0.0125)
        change(&settings)
        return Pool(name: "p", settings: settings)
    }

    private static let oversubscribed = [8, 16, 32, 128]

    private func expectFull(_ run: inout PoolRun, ideal: Double, sourceLocation: SourceLocation = #_sourceLocation) {
        run.run(for: 60)
        let share = Double(run.answered) / (60 * ideal)
        let refused = Double(run.refused) / Double(run.answered + run.refused)
        #expect(share >= 0.9, "\(share)", sourceLocation: sourceLocation)
        #expect(refused <= 0.1, "\(refused)", sourceLocation: sourceLocation)
    }

    @Test(arguments: oversubscribed, [true, false])
    func fillsARateWithoutBeingRefusedMuch(concurrency: Int, isAdaptive: Bool) {
        var run = PoolRun(
            .rate(50), pools: [pool { ($0.concurrency, $0.isAdaptive, $0.target) = (concurrency, isAdaptive, nil) }])
        run.service = 0.004
        expectFull(&run, ideal: 50)
    }

    /// Five at once are what the rate takes: whether it is the rate or the places shows in the pauses between starts only.
    @Test(arguments: [5, 10, 20, 80], [0.02, 0.5])
    func findsARateThatFewSlotsUseUp(concurrency: Int, spread: Double) {
        var run = PoolRun(.rate(50), pools: [pool { ($0.concurrency, $0.target) = (concurrency, nil) }], seed: 4)
        run.spread = spread
        run.run(for: 8)
        let before = (answered: run.answered, refused: run.refused)
        run.run(for: 20)
        let answered = run.answered - before.answered
        // With five slots and work that takes now longer, now shorter, a slot is free in time less often.
        #expect(Double(answered) >= (concurrency == 5 && spread > 0.1 ? 0.8 : 0.9) * 20 * 50, "\(answered)")
        #expect(Double(run.refused - before.refused) <= 0.05 * Double(answered))
    }

    /// Somebody has set less while it ran: no storm, whatever is thought of the refusals, and soon the new rate.
    @Test(arguments: [10, 80], [60.0, 70, 100])
    func findsALowerRateWithoutAStorm(concurrency: Int, before: Double) {
        for seed in 1...4 as ClosedRange<UInt64> {
            var run = PoolRun(
                .rate(before), pools: [pool { ($0.concurrency, $0.isAdaptive) = (concurrency, false) }], seed: seed)
            run.spread = 0.02
            run.run(for: 20)
            let refused = run.refused
            run.gateway = .rate(50)
            run.run(for: 20)
            #expect(run.refused - refused <= 160, "seed \(seed): \(run.refused - refused)")
            let answered = run.answered
            run.run(for: 20)
            #expect(Double(run.answered - answered) >= 0.7 * 20 * 50, "seed \(seed): \(run.answered - answered)")
        }
    }

    /// What was taken for refusals that say nothing turns out to be a rate.
    @Test
    func noGatewayIsStormedBecauseOfAWrongGuess() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var run = PoolRun(
                .rate(50), pools: [pool { ($0.concurrency, $0.isAdaptive) = (40, false) }], seed: seed)
            (run.service, run.spread) = (0.4, 0.02)
            run.run(for: 2)
            let before = run.refused
            run.run(for: 58)
            #expect(run.refused - before < run.answered / 5, "seed \(seed): \(run.refused - before)")
        }
    }

    @Test(arguments: oversubscribed, [true, false])
    func fillsPlacesWithoutBeingRefusedMuch(concurrency: Int, isAdaptive: Bool) {
        var run = PoolRun(
            .places(8, retryAfter: 1),
            pools: [pool { ($0.concurrency, $0.isAdaptive, $0.target) = (concurrency, isAdaptive, nil) }])
        expectFull(&run, ideal: 80)
    }

    @Test(arguments: oversubscribed, [true, false])
    func fillsPlacesWithAQueueWithoutBeingRefusedMuch(concurrency: Int, isAdaptive: Bool) {
        var run = PoolRun(
            .places(8, queue: 16),
            pools: [pool { ($0.concurrency, $0.isAdaptive, $0.target) = (concurrency, isAdaptive, nil) }])
        expectFull(&run, ideal: 80)
    }

    @Test
    func threeProcessesFillPlacesTogether() {
        var run = PoolRun(
            .places(24, retryAfter: 1), pools: (0..<3).map { _ in pool { ($0.concurrency, $0.target) = (64, nil) } })
        run.run(for: 60)
        #expect(Double(run.answered) > 0.8 * 60 * 240)
        #expect(run.refused < run.answered / 10)
        #expect(run.answeredBy.allSatisfy { $0 > run.answered / 12 })
    }

    /// As a gateway with a quota for one of many tenants does.
    @Test(arguments: [0.01, 0.03, 0.06, 0.12, 0.25, 0.5], [true, false])
    func refusalsThatHaveNothingToDoWithLoadDoNotSlowTheOthers(share: Double, isAdaptive: Bool) {
        var run = PoolRun(
            .moody(share), pools: [pool { ($0.concurrency, $0.isAdaptive, $0.target) = (32, isAdaptive, nil) }])
        run.run(for: 60)
        let before = run.answered
        run.run(for: 240)
        // 32 at once, a tenth of a second each.
        #expect(Double(run.answered - before) > 0.4 * 240 * 320 * (1 - share), "\(run.answered - before)")
    }

    @Test
    func aRefusalThatNamesATimeClosesForHalfAMinuteAtMost() {
        var run = PoolRun(.never(retryAfter: 3600), pools: [pool()])
        run.run(for: 12)
        #expect(run.pools[0].isClosed(at: run.now))
        #expect(run.pools[0].closedFor(at: run.now) <= 30)
        #expect((8...9).contains(run.refused))
        run.run(for: 40)
        #expect((9...11).contains(run.refused))
    }

    @Test
    func asksAGatewayThatRefusesEverythingEverMoreSeldom() {
        var run = PoolRun(.never(retryAfter: nil), pools: [pool { ($0.concurrency, $0.isAdaptive) = (64, false) }])
        run.run(for: 10)
        let first = run.refused
        run.run(for: 110)
        #expect(first < 100)
        #expect(run.refused - first < 80)
    }

    @Test
    func oneRequestThatIsAlwaysRefusedClosesNothing() {
        var pool = pool { $0.isAdaptive = false }
        for step in 0..<100 {
            let now = Double(step)
            pool.started(at: now)
            let end = AttemptEnd(sent: now, outcome: .refused(request: step % 7, retryAfter: 30))
            _ = pool.ended(end, at: now + 0.1, random: 0.5)
            #expect(!pool.isClosed(at: now + 0.2))
        }
        pool.started(at: 100)
        _ = pool.ended(AttemptEnd(sent: 100, outcome: .refused(request: 7, retryAfter: 30)), at: 100, random: 0.5)
        #expect(pool.isClosed(at: 101))
    }

    @Test
    func aHundredRefusalsOfOneFlightAreOneCut() {
        var pool = pool { $0.isAdaptive = false }
        for _ in 0..<108 { pool.started(at: 1) }
        for request in 0..<100 {
            _ = pool.ended(
                AttemptEnd(sent: 1, outcome: .refused(request: request, retryAfter: nil)), at: 1.1, random: 0.5)
        }
        #expect(pool.cuts[.shed] == 1)
        #expect(pool.slots(at: 1.2) == 8)
        #expect(!pool.isClosed(at: 1.2))
    }

    /// One of two queues may have three quarters of the places: they are used up all the same.
    @Test
    func placesGrowAgainThoughOneQueueMayNotHaveAll() {
        var limiter = RefusalLimiter()
        _ = limiter.refused(1, sent: 1, at: 1.01, active: 8, retryAfter: nil, random: 0)
        #expect(limiter.places == 8)
        for step in 0..<600 {
            let now = 2 + Double(step) / 50
            limiter.started(at: now)
            limiter.answered(sent: now, at: now + 0.1, active: min(12, Int(limiter.places ?? 16) * 3 / 4))
        }
        #expect(limiter.places ?? 16 >= 16)
    }

    @Test
    func startsNoHerdAfterAClose() {
        var pool = pool { $0.concurrency = 100 }
        // Some answers, so that a flight is known: half a second.
        for step in 0..<400 {
            let now = Double(step) * 0.05
            if pool.mayStart(at: now) { pool.started(at: now) }
            if pool.active > 0 {
                let work = AttemptEnd.Work(source: .usage, promptTokens: 0, completionTokens: 99)
                _ = pool.ended(AttemptEnd(sent: now - 0.5, outcome: .answered(work)), at: now, random: 0.5)
            }
            _ = pool.look(at: now, wallClock: 100 + now)
        }
        let active = pool.active
        for _ in active..<8 { pool.started(at: 20) }
        while pool.active > 0 {
            _ = pool.ended(
                AttemptEnd(sent: 20, outcome: .refused(request: pool.active, retryAfter: 5)), at: 20.1, random: 0)
        }
        #expect(pool.isClosed(at: 22) && !pool.mayStart(at: 22))
        let limit = Double(pool.slots(at: 25.2))
        var starts = 0
        for step in 0..<10 {
            let now = 25.2 + Double(step) * 0.01
            while pool.mayStart(at: now) {
                pool.started(at: now)
                starts += 1
            }
        }
        // Twice the limit within a flight: in a tenth of a second four tenths of it, and a quarter second's worth before.
        #expect(Double(starts) <= max(2, 4 * limit * 0.25) + 4 * limit * 0.1 + 1)
    }
}
