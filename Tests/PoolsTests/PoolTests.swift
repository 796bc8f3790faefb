import Pools
import Testing

struct PoolTests {
    private func pool(_ change: (inout PoolLimits) -> Void = { _ in }) -> Pool {
        var settings = PoolLimits(concurrency: 512, target: 0.0125)
        change(&settings)
        return Pool(name: "p", settings: settings)
    }

    // MARK: - An engine

    @Test(arguments: [1, 3, 5])
    func processesThatDoNotTalkHoldTheTargetAndShareIt(count: Int) {
        var run = PoolRun(
            .engine(t0: 0.007, load: 0.004), pools: (0..<count).map { _ in pool() }, seed: UInt64(count))
        run.steps = 150
        run.run(for: 240)
        let before = run.answeredBy
        run.run(for: 120)
        let shares = zip(run.answeredBy, before).map { Double($0 - $1) }
        let sum = shares.reduce(0, +)
        let jain = sum * sum / (Double(count) * shares.reduce(0) { $0 + $1 * $1 })
        #expect(jain > 0.95)
        // Tokens take 12.5 ms where 0.44 of the engine is in use: at 110 requests.
        let active = run.activeOverTime.suffix(400).reduce(0, +) / 400
        #expect((95...130).contains(active), "\(active)")
    }

    /// Users are always there: with them alone a token takes 10 ms.
    @Test
    func theLearnedBaseDoesNotDriftInSixHours() {
        var run = PoolRun(
            .engine(t0: 0.007, load: 0.004), pools: (0..<3).map { _ in pool { $0.target = nil } }, seed: 6)
        run.steps = 600
        run.others = { 0.3 + 0.05 * ($0 / 900).rounded(.down).truncatingRemainder(dividingBy: 2) }
        run.talks = true
        for _ in 0..<12 {
            run.run(for: 1800)
            let bases = run.pools.map { $0.figures(at: run.now, waiting: 1, isHeld: false).base ?? 0 }
            #expect(bases.allSatisfy { (0.0085...0.0115).contains($0) }, "\(bases) after \(run.now) s")
        }
    }

    /// The others hold tokens at 20 ms when it begins: what it measures itself is what they leave.
    @Test
    func aProcessThatComesLateTakesTheBaseOfTheOthers() {
        func bases(talks: Bool) -> (own: Double, used: Double) {
            var run = PoolRun(
                .engine(t0: 0.007, load: 0.004), pools: (0..<3).map { _ in pool { $0.target = nil } }, seed: 8)
            run.steps = 150
            run.others = { _ in 0.3 }
            run.talks = talks
            run.pools[2].gateCap = 0
            run.run(for: 250)
            run.pools[2].gateCap = nil
            run.run(for: 200)
            return (run.pools[2].ownBase ?? 0, run.pools[2].figures(at: run.now, waiting: 1, isHeld: false).base ?? 0)
        }
        #expect(bases(talks: false).used > 0.013, "alone it learns what is not so")
        #expect((0.0085...0.0115).contains(bases(talks: true).used))
        #expect(bases(talks: true).own > 0.013, "and it does not tell others what it has heard")
    }

    @Test
    func getsOutOfTheWayWithinFiveSecondsAndComesBackWithinTwenty() {
        var run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: [pool()], seed: 9)
        run.steps = 80
        run.others = { (60..<90).contains($0) ? 0.35 : 0 }
        run.run(for: 60)
        let full = run.activeOverTime.suffix(40).reduce(0, +) / 40
        run.run(for: 5)
        #expect((run.activeOverTime.last ?? 0) < full / 2)
        run.run(for: 25 + 20)
        #expect((run.activeOverTime.last ?? 0) > 0.85 * full)
    }

    @Test
    func findsTheLimitOfAFastGatewayWithinSeconds() {
        var run = PoolRun(.places(10_000), pools: [pool { $0.concurrency = 256 }])
        run.service = 0.1
        run.run(for: 3)
        #expect(run.mostActive == 256)
    }

    /// 0.44 of the engine is in use where tokens take 12.5 ms, 0.53 where they take 15 ms.
    @Test
    func whatIsUrgentMayTakeMoreFromTheUsers() {
        func active(urgent: Double, stretch: Double?) -> Double {
            var run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: [pool { $0.urgentStretch = stretch }])
            run.steps = 150
            run.pools[0].setUrgency(urgent)
            run.run(for: 240)
            #expect(
                abs(
                    (run.pools[0].figures(at: run.now, waiting: 1, isHeld: false).target ?? 0)
                        - 0.0125 * (stretch == nil ? 1 : 1 + 0.2 * urgent)) < 1e-9)
            return run.activeOverTime.suffix(400).reduce(0, +) / 400
        }
        let usual = active(urgent: 1, stretch: nil)
        #expect((95...130).contains(usual))
        #expect((0.95...1.05).contains(active(urgent: 0, stretch: 2.4) / usual))
        #expect((1.12...1.3).contains(active(urgent: 1, stretch: 2.4) / usual))
    }

    @Test
    func nothingIsUrgentUnlessAsked() {
        var run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: [pool()])
        run.run(for: 5)
        #expect(run.pools[0].urgentTime == nil)
        run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: [pool { $0.urgentStretch = 3 }])
        #expect(run.pools[0].urgentTime == nil, "nothing has been answered")
        run.run(for: 5)
        #expect(run.pools[0].urgentTime.map { $0 > 0.1 && $0 < 10 } == true)
    }

    // MARK: - Gateways that refuse

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
        #expect(Double(answered) >= (concurrency == 5 && spread > 0.1 ? 0.8 : 0.86) * 20 * 50, "\(answered)")
        #expect(Double(run.refused - before.refused) <= 0.05 * Double(answered))
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
    func aRefusalThatNamesATimeClosesForNoLongerThanHalfAMinuteAndAQuarter() {
        var run = PoolRun(.never(retryAfter: 3600), pools: [pool()])
        run.run(for: 12)
        #expect(run.pools[0].isClosed(at: run.now))
        #expect(run.pools[0].closedFor(at: run.now) <= 37.6)
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

    // MARK: - The base

    @Test
    func theBaseDoesNotDriftInSixHoursWithUsersAlwaysThere() {
        let pools = (0..<3).map { _ in pool { $0.target = nil } }
        var run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: pools, seed: 3)
        run.steps = 1000
        run.others = { 0.2 + 0.1 * ($0.truncatingRemainder(dividingBy: 900) < 60 ? 1 : 0) }
        run.run(for: 6 * 3600)
        let truth = 0.007 / (1 - 0.2)
        for pool in run.pools {
            let base = pool.figures(at: run.now, waiting: 0, isHeld: false).base ?? 0
            #expect((0.85 * truth...1.15 * truth).contains(base), "\(base) for \(truth)")
        }
    }

    @Test
    func aQuietTimeUsesTwoSlotsAtMost() {
        var run = PoolRun(.engine(t0: 0.007, load: 0.004), pools: [pool { $0.target = nil }], seed: 5)
        run.steps = 100
        // The wall clock is 100 s ahead: the first full ten minutes are at 500 s.
        run.run(for: 499)
        #expect((run.activeOverTime.last ?? 0) > 20)
        run.run(for: 4)
        #expect((run.activeOverTime.last ?? 99) <= 2)
        run.run(for: 60)
        #expect((run.activeOverTime.last ?? 0) > 20)
    }

    // MARK: - What is said

    @Test
    func saysWhatKeepsMoreFromStarting() {
        var pool = pool { ($0.concurrency, $0.isAdaptive) = (4, false) }
        func reason(waiting: Int, isHeld: Bool = false) -> Pool.LimitedBy {
            pool.figures(at: 1, waiting: waiting, isHeld: isHeld).limitedBy
        }
        #expect(reason(waiting: 0) == .noWork)
        #expect(reason(waiting: 3, isHeld: true) == .breaker)
        for _ in 0..<4 { pool.started(at: 1) }
        #expect(reason(waiting: 3) == .cap)
        pool.gateCap = 2
        #expect(reason(waiting: 3) == .gate)
        pool.gateCap = 0
        #expect(reason(waiting: 3) == .gate)
        #expect(pool.figures(at: 1, waiting: 3, isHeld: false).words.contains("its gate is shut"))
        pool.gateCap = nil
        for _ in 0..<4 {
            _ = pool.ended(AttemptEnd(sent: 1, outcome: .none), at: 1, random: 0)
        }
        for request in 0..<8 {
            pool.started(at: 1)
            _ = pool.ended(AttemptEnd(sent: 1, outcome: .refused(request: request, retryAfter: 9)), at: 1, random: 0)
        }
        #expect(reason(waiting: 3) == .retryAfter)
    }

    @Test
    func aRequestIsOfThePoolItNamesElseOfItsGateway() {
        var pools = Pools(PoolLimits(), named: ["p": PoolLimits(concurrency: 3)])
        #expect(pools[pools.pool(named: "p", gateway: "http://a")].most == 3)
        #expect(pools.pool(named: "p", gateway: "http://a") == pools.pool(named: "p", gateway: "http://b"))
        #expect(pools.pool(named: "", gateway: "http://a") != pools.pool(named: "", gateway: "http://b"))
        #expect(pools.pool(named: "q", gateway: "http://a") != pools.pool(named: "p", gateway: "http://a"))
        var withDefault = Pools(PoolLimits(), named: ["default": PoolLimits(concurrency: 2)])
        #expect(withDefault[withDefault.pool(named: "", gateway: "http://a")].most == 2)
        #expect(withDefault[withDefault.pool(named: "q", gateway: "http://a")].name == "q")
        var both = Pools(
            PoolLimits(), named: ["default": PoolLimits(concurrency: 2), "http://a": PoolLimits(concurrency: 5)])
        #expect(both[both.pool(named: "", gateway: "http://a")].most == 5)
        #expect(both[both.pool(named: "", gateway: "http://b")].most == 2)
    }

    @Test
    func modelsOfAGatewayArePoolsOfTheirOwn() {
        var pools = Pools(PoolLimits(), named: ["http://b": PoolLimits(concurrency: 5)])
        func name(_ gateway: String, _ model: String, named name: String = "") -> String {
            pools[pools.pool(named: name, gateway: gateway, model: model)].name
        }
        #expect(name("http://a", "llama") == "http://a", "it may be none")
        for model in ["llama", "gemma", "e\u{301}", ""] { pools.answers("http://a", model: model) }
        pools.answers("http://b", model: "llama")
        #expect(name("http://a", "llama") == "http://a llama")
        #expect(name("http://a", "gemma") == "http://a gemma")
        #expect(name("http://a", "none") == "http://a")
        #expect(pools.isForUnknownModels(pools.pool(named: "http://a")))
        #expect(!pools.isForUnknownModels(pools.pool(named: "http://a llama")))
        #expect(name("http://a", "") == "http://a")
        #expect(name("http://c", "llama") == "http://c")
        #expect(!pools.isForUnknownModels(pools.pool(named: "http://c")), "it may be all there is")
        #expect(name("http://b", "llama") == "http://b", "it has settings of its own")
        #expect(name("http://a", "llama", named: "p") == "p")
        // Bytes count, not what they look like.
        #expect(name("http://a", "e\u{301}").utf8.elementsEqual("http://a e\u{301}".utf8))
        #expect(name("http://a", "\u{E9}") == "http://a")
    }

    @Test
    func aPoolKnowsWhatIsHeardOfItWheneverItIsOpened() {
        var pools = Pools(PoolLimits())
        let early = pools.pool(named: "early")
        pools.hear([("early", 0.02), ("early", 0.01), ("late", 0.03)])
        let late = pools.pool(named: "late")
        #expect(pools[early].heardBase == 0.01 && pools[late].heardBase == 0.03)
        pools.hear([])
        #expect(pools[early].heardBase == nil && pools[late].heardBase == nil)
    }

    @Test
    func manyPoolsShareOneInTheEnd() {
        var pools = Pools(PoolLimits())
        let numbers = (0..<1000).map { pools.pool(named: "pool \($0)") }
        #expect(Set(numbers).count == Pools.most)
        #expect(numbers.suffix(700).allSatisfy { pools[$0].name == Pools.others })
        #expect(pools.pool(named: "pool 3") == numbers[3])
    }
}
