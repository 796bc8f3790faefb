import Testing

@testable import GateRules

struct TokenQuotasTests {
    private func quota(_ change: (inout QuotaSettings) -> Void = { _ in }) -> QuotaSettings {
        var quota = QuotaSettings(address: "redis:6379", limit: 1000)
        quota.mode = .tokens
        change(&quota)
        return quota
    }

    @Test
    func namesBucketsByLimitAndWindowToo() {
        #expect(quota().tokensKey(for: "alice") == "quota:userid:alice:tokens:1000/60s")
        #expect(quota { $0.window = .milliseconds(1500) }.tokensKey(for: "a") == "quota:userid:a:tokens:1000/1500ms")
        #expect(quota { $0.limit = 7 }.tokensKey(for: "a") != quota().tokensKey(for: "a"))
    }

    @Test(arguments: ["alice", "a:b", ":tokens:1000/60s", "", "é", "e\u{301}", "quota:userid:x:tokens:1000/60s"])
    func findsTheBucketOfAKey(_ value: String) throws {
        let day = quota { $0.window = .seconds(86400) }
        let quotas = TokenQuotas(.all([.quota(quota()), .waitOnRefuse(.quota(day))]))
        #expect(quotas.quotas == [quota(), day])
        for quota in [quota(), day] {
            let key = quota.tokensKey(for: value)
            let bucket = try #require(quotas.bucket(at: key))
            #expect(bucket.quota == quota)
            #expect(Array(bucket.value.utf8) == Array(value.utf8))
            #expect(bucket.key.utf8.elementsEqual(key.utf8))
        }
    }

    @Test
    func knowsNoBucketsOfOtherQuotas() {
        let quotas = TokenQuotas(.all([.quota(quota()), .quota(QuotaSettings(address: "redis:6379", limit: 5))]))
        #expect(quotas.quotas.count == 1)
        for key in [
            "", "quota:userid:alice", "quota:userid:alice:tokens:1000/61s", "quota:team:alice:tokens:1000/60s",
            "quota:userid::tokens:1000/60", "tokens:1000/60s",
        ] { #expect(quotas.bucket(at: key) == nil, "\(key)") }
        #expect(TokenQuotas(.constant).bucket(at: quota().tokensKey(for: "a")) == nil)
    }

    @Test
    func keepsTheNameOfABucketShortEnoughToTravel() {
        let long = quota {
            $0.prefix = String(repeating: "p", count: 1024)
            $0.attribute = String(repeating: "a", count: 1024)
            $0.limit = 1_000_000_000_000
            $0.window = .seconds(366 * 86400) - .milliseconds(1)
        }
        #expect(long.tokensKey(for: String(repeating: "é", count: 5_000_001)).utf8.count < 4096)
        let cut = long.key(for: "x" + String(repeating: "é", count: 600))
        #expect(TokenQuotas(.quota(long)).bucket(at: cut + long.tokensSuffix)?.key == cut + long.tokensSuffix)
    }

    /// What one gate says is charged, unless a later one refuses; the same bucket once.
    @Test
    func chargesWhatGoesToEveryQuotaThatLetItGo() {
        let plan = GatePlan(.all([.quota(quota()), .quota(quota()), .quota(quota { $0.limit = 5 })]))
        let findings = (0..<3).map { _ in GatePlan.Finding(isAsked: true) }
        func decision(_ last: GatePlan.Answer) -> GateDecision? {
            let go = GatePlan.Answer(.go, classification: .reserved, charge: "one")
            guard case .done(let decision) = plan.step(GateRequest(), findings, [0: go, 1: go, 2: last]) else {
                return nil
            }
            return decision
        }
        #expect(decision(GatePlan.Answer(.go, charge: "two"))?.charges == ["one", "two"])
        #expect(decision(GatePlan.Answer(.go, classification: .overflow))?.charges == ["one"])
        #expect(decision(GatePlan.Answer(.refuse(why: "")))?.charges == [])
    }
}
