import GateRules
import Gates
import Loop
import Redis
import TestServers
import Testing

@PipelineActor
struct QuotaTests {
    private func quota(
        _ port: Int, limit: Int = 1, _ change: (inout QuotaSettings) -> Void = { _ in }
    ) -> QuotaSettings {
        var quota = QuotaSettings(address: "127.0.0.1:\(port)", limit: limit)
        quota.mode = .concurrency
        change(&quota)
        return quota
    }

    private func goes(_ decisions: [GateDecision]) -> [Bool] { decisions.map { $0.verdict == .go } }

    // MARK: - At once

    @Test(.timeLimit(.minutes(1)))
    func admitsSoManyAtOnceForEachValue() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port, limit: 2)))
        try await bench.expect(.open)
        let first = await bench.admit("a", "a", "a", "b", nil)
        #expect(goes(first) == [true, true, false, true, true])
        #expect(first.map(\.classification) == [.reserved, .reserved, .overflow, .reserved, nil])
        #expect(first[2].reason == .quotaExhausted)
        #expect(try redis(server, "GET", "quota:userid:a").integer == 2)
        #expect(try redis(server, "TTL", "quota:userid:a").integer.map { (59...60).contains($0) } == true)
        #expect(try redis(server, "KEYS", "*").array?.count == 4, "two users, and nothing for nobody")

        bench.ended(first[0])
        try await eventually("the place is free") { try redis(server, "GET", "quota:userid:a").integer == 1 }
        #expect(goes(await bench.admit("a", "a")) == [true, false])
        bench.ended(first[0])
        #expect(goes(await bench.admit("a")) == [false], "a place is given back once")
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func countsWhatOtherProcessesOfLLMDAsyncHold() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port)))
        try await bench.expect(.open)
        _ = try redis(server, "SET", "quota:userid:user-a", "1")
        #expect(goes(await bench.admit("user-a", "user-b")) == [false, true])
        _ = try redis(server, "DEL", "quota:userid:user-a")
        #expect(goes(await bench.admit("user-a")) == [true])
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func letsThroughAsOverflowWhereItOnlyClassifies() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port) { $0.gating = .classifying }))
        try await bench.expect(.open)
        let decisions = await bench.admit("a", "a")
        #expect(goes(decisions) == [true, true])
        #expect(decisions.map(\.classification) == [.reserved, .overflow])
        #expect(decisions.map(\.reservations.count) == [1, 0])
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func freesThePlacesOfAProcessThatHasCrashed() async throws {
        let server = try await RedisServer()
        let settings = GateSettings.quota(quota(server.port))
        let crashed = try Bench(settings, slotLife: .milliseconds(400))
        let other = try Bench(settings, slotLife: .milliseconds(400))
        try await crashed.expect(.open)
        try await other.expect(.open)
        #expect(goes(await crashed.admit("a")) == [true])
        let end = ContinuousClock.now + .milliseconds(1200)
        while ContinuousClock.now < end {
            #expect(goes(await other.admit("a")) == [false], "its holder lives")
            try await Task.sleep(for: .milliseconds(20))
        }
        crashed.crash()
        try await eventually("the place of the dead is free") { goes(await other.admit("a")) == [true] }
        #expect(try redis(server, "GET", "quota:userid:a").integer == 1)
        await other.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func holdsItsPlaceWhenACounterHasExpired() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port)), slotLife: .milliseconds(300))
        try await bench.expect(.open)
        #expect(goes(await bench.admit("a")) == [true])
        _ = try redis(server, "DEL", "quota:userid:a")
        #expect(goes(await bench.admit("a")) == [false])
        try await eventually("the counter is back") { try redis(server, "GET", "quota:userid:a").integer == 1 }
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func givesBackWhatALaterGateMadeUseless() async throws {
        let server = try await RedisServer()
        _ = try redis(server, "SET", "closed", "0")
        var budget = RedisBudgetSettings(address: "127.0.0.1:\(server.port)")
        budget.key = "closed"
        let bench = try Bench(.all([.quota(quota(server.port)), .redis(budget)]))
        try await bench.expect(.open)
        try await eventually("the other is closed") {
            bench.gates?.statuses.last?.condition == .closed
        }
        let decisions = await bench.admit("a")
        #expect(goes(decisions) == [false])
        #expect(decisions[0].reason == .gateClosed)
        #expect(decisions[0].reservations.isEmpty)
        try await eventually("the counter is as before") {
            try redis(server, "GET", "quota:userid:a").integer == 0
        }
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsNoPlaceWhoseAnswerWasLost() async throws {
        let server = try await RedisServer()
        let proxy = try CuttingProxy(to: server.port)
        let bench = try Bench(.quota(quota(proxy.port)))
        try await bench.expect(.open)
        // The server has the script from here on.
        #expect(goes(await bench.admit("other")) == [true])
        proxy.swallowReply(toRequestWith: "quota:userid:lost")
        let decisions = await bench.admit("lost")
        #expect(goes(decisions) == [false])
        #expect(decisions[0].reason == .error)
        #expect(proxy.cuts == 1)
        #expect(try redis(server, "TTL", "quota:userid:lost").integer != -2, "it was carried out")
        try await eventually("the place is free again") {
            try redis(server, "ZCARD", "quota:userid:lost:slots").integer == 0
        }
        try await eventually("it can be had") { goes(await bench.admit("lost")) == [true] }
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func isShutWhileItsServerIsAwayAndSaysSo() async throws {
        let server = try await RedisServer(appendOnly: true)
        let bench = try Bench(.quota(quota(server.port)))
        try await bench.expect(.open)
        let held = await bench.admit("a")
        server.freeze()
        let begun = ContinuousClock.now
        let late = await bench.admit("b")
        #expect(goes(late) == [false])
        #expect(late[0].reason == .error || late[0].reason == .gateClosed)
        #expect(ContinuousClock.now - begun < .seconds(5))
        try await bench.expect(.shut)
        #expect(bench.state.isClosed)
        server.thaw()
        try await bench.expect(.open)
        server.kill()
        try await bench.expect(.shut)
        bench.ended(held[0])
        try await server.start()
        try await bench.expect(.open)
        try await eventually("what ended meanwhile is given back") {
            try redis(server, "GET", "quota:userid:a").integer == 0
        }
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func refusesOneValueWhoseKeyIsOfAnotherKindAndNoOther() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port)))
        try await bench.expect(.open)
        _ = try redis(server, "RPUSH", "quota:userid:a", "x")
        let decisions = await bench.admit("a", "b")
        #expect(goes(decisions) == [false, true])
        #expect(decisions[0].reason == .error)
        #expect(bench.condition == .open)
        try await bench.expect(.open, "quota:userid:a on ")
        #expect(bench.status?.reason.contains("WRONGTYPE") == true)
        #expect(goes(await bench.admit("a", "b")) == [false, false])
        #expect(bench.log.count("A quota cannot be asked about some requests; they wait") == 1)
        let lines = bench.log.count("A gate is open")
        _ = try redis(server, "DEL", "quota:userid:a")
        try await eventually("nothing is wrong any more") { bench.status?.reason == "" }
        #expect(bench.log.count("A gate is open") == lines + 1)
        try await eventually("it goes") { goes(await bench.admit("a")) == [true] }
        await bench.stop()
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [(["-evalsha", "-eval"], ["+@all"]), (["resetkeys"], ["allkeys"]), (["-zadd", "-get"], ["+@all"])])
    func isShutWhileARightIsMissingAndSaysSo(taken: [String], given: [String]) async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port)))
        try await bench.expect(.open)
        _ = try acl(server, taken)
        let decisions = await bench.admit("a", "b")
        #expect(goes(decisions) == [false, false])
        #expect(bench.condition == .shut, "at once")
        #expect(bench.status?.reason.contains("nothing starts") == true)
        #expect(bench.state.isClosed)
        // A few looks at the server later it is still so, and was said once.
        let changes = bench.changes
        try await eventually("it was looked at") { bench.changes >= changes + 3 }
        #expect(bench.condition == .shut)
        #expect(bench.log.states == ["open", "shut"], "\(bench.log.all)")
        _ = try acl(server, given)
        try await bench.expect(.open)
        #expect(bench.log.states == ["open", "shut", "open"])
        try await eventually("it goes") { goes(await bench.admit("a")) == [true] }
        await bench.stop()
    }

    private func acl(_ server: RedisServer, _ rules: [String]) throws -> RedisReply {
        var command = RedisCommand("ACL", "SETUSER", "default")
        for rule in rules { command.append(rule) }
        return try RedisConnection(server.url).send(command)
    }

    /// There is no second to wait where a place is held for milliseconds.
    @Test(.timeLimit(.minutes(1)))
    func asksForThePlaceOfOneThatEndsSoon() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server.port)))
        try await bench.expect(.open)
        for _ in 0..<3 {
            let decision = try #require(await bench.admit("a").first)
            #expect(decision.verdict == .go)
            bench.ended(decision)
            try await eventually("the place is free") { try redis(server, "GET", "quota:userid:a").integer == 0 }
        }
        #expect(goes(await bench.admit("a")) == [true])
        let refused = await bench.admit("a", "b", "b")
        #expect(goes(refused) == [false, true, false])
        for decision in [refused[0], refused[2]] {
            guard case .refuse(_, let after?) = decision.verdict else {
                Issue.record("\(decision)")
                return
            }
            #expect(after < .seconds(1), "\(after)")
            #expect(try #require(decision.spacing) < .milliseconds(100))
        }
        await bench.stop()
    }

    // MARK: - In a while

    @Test(.timeLimit(.minutes(1)))
    func admitsSoManyInAnyWindow() async throws {
        let server = try await RedisServer()
        let settings = quota(server.port, limit: 2) {
            $0.mode = .rate
            $0.window = .milliseconds(500)
        }
        let bench = try Bench(.quota(settings))
        try await bench.expect(.open)
        let begun = ContinuousClock.now
        let first = await bench.admit("a", "a", "a", "b")
        #expect(goes(first) == [true, true, false, true])
        #expect(first[0].reservations.isEmpty, "a start is not given back")
        guard case .refuse(_, let after?) = first[2].verdict else {
            Issue.record("no time")
            return
        }
        #expect(after > .milliseconds(200) && after <= .milliseconds(500), "\(after)")
        try await eventually("the window has moved on") { goes(await bench.admit("a")) == [true] }
        #expect(ContinuousClock.now - begun > .milliseconds(490))
        #expect(try redis(server, "ZCARD", "quota:userid:a").integer.map { $0 <= 2 } == true)
        await bench.stop()
    }
}
