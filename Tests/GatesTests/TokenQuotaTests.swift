import GateRules
import Gates
import Loop
import Redis
import TestServers
import Testing

/// Quotas in tokens: what lets requests go, and what charges their answers.
@PipelineActor
struct TokenQuotaTests {
    private func quota(
        _ server: RedisServer, limit: Int = 100, window: Duration = .seconds(60),
        _ change: (inout QuotaSettings) -> Void = { _ in }
    ) -> QuotaSettings {
        var quota = QuotaSettings(address: "127.0.0.1:\(server.port)", limit: limit)
        quota.mode = .tokens
        quota.window = window
        change(&quota)
        return quota
    }

    private func goes(_ decisions: [GateDecision]) -> [Bool] { decisions.map { $0.verdict == .go } }

    /// Milliseconds after which a decision says that it is worth asking again.
    private func wait(_ decision: GateDecision) -> Double? {
        guard case .refuse(_, let after?) = decision.verdict else { return nil }
        return after / .milliseconds(1)
    }

    private func charge(
        _ quota: QuotaSettings, _ charges: KeyValuePairs<String, Int>, name: String
    ) async throws -> TokenBuckets.Outcome {
        let bench = try TokenBuckets(quota.address)
        let all = try charges.map { value, tokens in
            let bucket = try #require(TokenQuotas(.quota(quota)).bucket(at: quota.tokensKey(for: value)))
            return TokenBuckets.Charge(bucket, tokens: tokens)
        }
        return await bench.charge(all, name: name)
    }

    private static let made = TokenBuckets.Outcome.made(refused: [], reason: "")

    @Test(.timeLimit(.minutes(1)))
    func letsGoWhileLessThanTheLimitIsUsedAndOtherUsersAnyway() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        try await bench.expect(.open)
        let first = await bench.admit("a", "b", "a", nil)
        #expect(goes(first) == [true, true, true, true])
        let key = "quota:userid:a:tokens:100/60s"
        #expect(first.map(\.charges) == [[key], ["quota:userid:b:tokens:100/60s"], [key], []])
        #expect(first.map(\.classification) == [.reserved, .reserved, .reserved, nil])
        #expect(first.map(\.reservations.count) == [0, 0, 0, 0])
        #expect(try redis(server, "KEYS", "*").array?.count == 0, "asking uses nothing")

        #expect(try await charge(quota, ["a": 99, "b": 220], name: "1") == Self.made)
        let second = await bench.admit("a", "b", "b")
        #expect(goes(second) == [true, false, false])
        #expect(second[1].reason == .quotaExhausted)
        #expect(second[1].charges.isEmpty)
        // 120 tokens above the limit, of which 100 drain in a minute.
        #expect(wait(second[1]).map { (71_000...72_001).contains($0) } == true, "\(second[1])")
        #expect(try await charge(quota, ["a": 1], name: "2") == Self.made)
        #expect(goes(await bench.admit("a", "c")).last == true)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func anEmptyValueHasAQuotaLikeAnyOther() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        try await bench.expect(.open)
        let first = await bench.admit("")
        #expect(first.map(\.charges) == [["quota:userid::tokens:100/60s"]])
        #expect(try await charge(quota, ["": 150], name: "1") == Self.made)
        #expect(goes(await bench.admit("", nil)) == [false, true])
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func letsGoAgainWhenEnoughHasDrainedAndNotBefore() async throws {
        let server = try await RedisServer()
        // 200 tokens a second.
        let quota = quota(server, limit: 100, window: .milliseconds(500))
        let bench = try Bench(.quota(quota))
        try await bench.expect(.open)
        let begun = ContinuousClock.now
        #expect(try await charge(quota, ["a": 300], name: "1") == Self.made)
        let refused = await bench.admit("a")
        let said = try #require(wait(refused[0]))
        #expect((500...1001).contains(said))
        try await eventually("it has drained") { goes(await bench.admit("a")) == [true] }
        let took = ContinuousClock.now - begun
        #expect(took > .milliseconds(990), "\(took)")
        #expect(took < .milliseconds(2500), "\(took)")
        await bench.stop()
    }

    /// It would be wrong to forget the debt with the second charge, or to drain it twice.
    @Test(.timeLimit(.minutes(1)))
    func addsUpWhatDrainsMeanwhile() async throws {
        let server = try await RedisServer()
        let quota = quota(server, limit: 100, window: .milliseconds(1000))
        let begun = ContinuousClock.now
        for number in 1...20 { #expect(try await charge(quota, ["a": 50], name: "\(number)") == Self.made) }
        let took = (ContinuousClock.now - begun) / .seconds(1)
        let used = try #require(try redis(server, "HGET", quota.tokensKey(for: "a"), "used").text.flatMap(Double.init))
        #expect(used <= 1000 && used >= 1000 - 100 * took - 1, "\(used) after \(took) s")
        let left = try #require(try redis(server, "PTTL", quota.tokensKey(for: "a")).integer)
        #expect(abs(Double(left) - (used * 10 + 1000)) < 1000, "\(left) ms")
    }

    @Test(.timeLimit(.minutes(1)))
    func leavesNothingOfABucketThatHasDrained() async throws {
        let server = try await RedisServer()
        let quota = quota(server, limit: 1000, window: .milliseconds(100))
        #expect(try await charge(quota, ["a": 1500, "b": 1], name: "1") == Self.made)
        #expect(try redis(server, "KEYS", "*").array?.count == 2)
        try await eventually("both are gone") { try redis(server, "KEYS", "*").array?.count == 0 }
    }

    @Test(.timeLimit(.minutes(1)))
    func chargesOnceWhatIsSentAgainBecauseItsAnswerWasLost() async throws {
        let server = try await RedisServer()
        let proxy = try CuttingProxy(to: server.port)
        let quota = quota(server, limit: 100, window: .seconds(86400)) { $0.address = "127.0.0.1:\(proxy.port)" }
        let buckets = try TokenBuckets(quota.address)
        let bucket = try #require(TokenQuotas(.quota(quota)).bucket(at: quota.tokensKey(for: "a")))
        let charges = [TokenBuckets.Charge(bucket, tokens: 30)]
        #expect(await buckets.charge(charges, name: "1") == Self.made)
        proxy.swallowReply(toRequestWith: bucket.key)
        guard case .unknown = await buckets.charge(charges, name: "2") else {
            Issue.record("its answer was lost")
            return
        }
        try await eventually("it is sent again") { await buckets.charge(charges, name: "2") == Self.made }
        let used = try #require(try redis(server, "HGET", bucket.key, "used").text.flatMap(Double.init))
        #expect(used > 59.5 && used <= 60, "\(used)")
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhichBucketsWereRefusedAndChargesTheOthers() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        _ = try redis(server, "RPUSH", quota.tokensKey(for: "a"), "x")
        let outcome = try await charge(quota, ["a": 10, "b": 100], name: "1")
        guard case .made(let refused, let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(refused == [0])
        #expect(reason.contains("WRONGTYPE"))
        let bench = try Bench(.quota(quota))
        try await bench.expect(.open)
        let decisions = await bench.admit("a", "b", "c")
        #expect(decisions[0].reason == .error, "nobody knows what a has used")
        #expect(goes(decisions)[2])
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsTheChargesForAServerThatIsFullOrAway() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        _ = try redis(server, "CONFIG", "SET", "maxmemory", "1")
        guard case .unknown(let reason) = try await charge(quota, ["a": 10], name: "1") else {
            Issue.record("it is full")
            return
        }
        #expect(reason.contains("OOM"))
        server.kill()
        guard case .unknown = try await charge(quota, ["a": 10], name: "1") else {
            Issue.record("it is away")
            return
        }
    }

    /// What is over goes on as overflow, and is not charged: otherwise one who always is would never be within again.
    @Test(.timeLimit(.minutes(1)))
    func chargesNothingThatGoesAsOverflow() async throws {
        let server = try await RedisServer()
        let quota = quota(server) { $0.gating = .classifying }
        let bench = try Bench(.quota(quota))
        try await bench.expect(.open)
        #expect(try await charge(quota, ["a": 101], name: "1") == Self.made)
        let decisions = await bench.admit("a", "b")
        #expect(goes(decisions) == [true, true])
        #expect(decisions.map(\.classification) == [.overflow, .reserved])
        #expect(decisions.map(\.charges.count) == [0, 1])
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func standsBesideQuotasOfOtherKindsOfTheSameUser() async throws {
        let server = try await RedisServer()
        let minute = quota(server)
        let day = quota(server, limit: 1000, window: .seconds(86400))
        let starts = quota(server, limit: 4) { $0.mode = .rate }
        let places = quota(server, limit: 2) {
            $0.mode = .concurrency
            $0.prefix = "places:"
        }
        let bench = try Bench(.all([.quota(minute), .quota(day), .quota(starts), .quota(places)]))
        try await bench.expect(.open)
        let first = await bench.admit("a", "a", "a")
        #expect(goes(first) == [true, true, false])
        #expect(first[0].charges == [minute.tokensKey(for: "a"), day.tokensKey(for: "a")])
        #expect(first[0].reservations.map(\.quota.mode) == [.concurrency])
        #expect(first[2].charges.isEmpty)
        for decision in first { bench.ended(decision) }
        #expect(try await charge(day, ["a": 1100], name: "1") == Self.made)
        #expect(goes(await bench.admit("a", "b")) == [false, true])
        await bench.stop()
    }

    /// Nothing is given back of what was never taken.
    @Test(.timeLimit(.minutes(1)))
    func isShutWhileItsServerIsAway() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.quota(quota(server)))
        try await bench.expect(.open)
        server.kill()
        let late = await bench.admit("a")
        #expect(goes(late) == [false])
        try await bench.expect(.shut)
        try await server.start()
        try await bench.expect(.open)
        #expect(goes(await bench.admit("a")) == [true])
        await bench.stop()
    }
}
