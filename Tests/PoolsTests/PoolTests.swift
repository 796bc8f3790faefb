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
    func allPoolsShareWhatTheProcessMayHave() {
        var pools = Pools(PoolLimits(concurrency: 8), named: ["small": PoolLimits(concurrency: 3)])
        #expect(pools.slots == 8, "none has been seen")
        let small = pools.pool(named: "small")
        #expect(pools.slots == 3)
        let others = [pools.pool(named: "a"), pools.pool(named: "b")]
        #expect(pools.slots == 8)
        for pool in others { pools[pool].gateCap = 1 }
        #expect(pools.slots == 5)
        for pool in others + [small] { pools[pool].gateCap = 0 }
        #expect(pools.slots == 0)
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
