import GateRules
import Testing

struct GatePlanTests {
    private static let quota = QuotaSettings(address: "r:1", limit: 1)
    private static let saturation = GateSettings.saturation(PrometheusSaturationSettings(pool: "p"))
    private static let open = GatePlan.Finding()
    private static let closed = GatePlan.Finding(GateState(cap: 0, why: "full"))
    private static let asked = GatePlan.Finding(isAsked: true)

    private func verdict(
        _ settings: GateSettings, _ findings: [GatePlan.Finding], _ answers: [Int: GatePlan.Answer] = [:],
        of request: GateRequest = GateRequest()
    ) -> GateVerdict? {
        guard case .done(let decision) = GatePlan(settings).step(request, findings, answers) else { return nil }
        return decision.verdict
    }

    @Test
    func isOpenWithoutAGate() {
        #expect(verdict(.constant, []) == .go)
        #expect(verdict(.all([]), []) == .go)
        #expect(GatePlan(.constant).state([]) == GateState())
        #expect(!GatePlan(.constant).judgesEach)
    }

    @Test
    func stopsAtTheFirstGateThatRefuses() {
        let plan = GateSettings.all([Self.saturation, .quota(Self.quota)])
        #expect(verdict(plan, [Self.closed, Self.asked]) == .refuse(why: "full"))
        #expect(GatePlan(plan).step(GateRequest(), [Self.open, Self.asked], [:]) == .ask(1))
        #expect(verdict(plan, [Self.open, Self.asked], [1: GatePlan.Answer(.go)]) == .go)
    }

    @Test
    func keepsNoPlaceForARequestThatALaterGateRefuses() {
        let plan = GatePlan(.all([.quota(Self.quota), Self.saturation]))
        let reservation = GateReservation(id: "1", quota: Self.quota, value: "a")
        let answers = [0: GatePlan.Answer(.go, classification: .reserved, reservation: reservation)]
        let going = GateDecision(.go, classification: .reserved, reservations: [reservation])
        #expect(plan.step(GateRequest(), [Self.asked, Self.open], answers) == .done(going))
        let refused = GateDecision(.refuse(why: "full"), classification: .reserved, reason: .gateClosed)
        #expect(plan.step(GateRequest(), [Self.asked, Self.closed], answers) == .done(refused))
    }

    /// The answer for these requests has used up what there was for others.
    @Test
    func letsAnAnswerStandThatHasClosedItsGate() {
        let rate = GateSettings.leasedRate(LeasedRateSettings(address: "r:1", controlKey: "k", poolID: "p"))
        let state = GateState(closedUntil: .seconds(1), why: "used up")
        let finding = GatePlan.Finding(state, isAsked: true, after: .seconds(1))
        #expect(verdict(rate, [finding], [0: GatePlan.Answer(.go)]) == .go)
        #expect(verdict(rate, [finding]) == .refuse(why: "used up", after: .seconds(1)))
    }

    @Test
    func countsARefusalByItsOwnReasonAndNotByAnEarlierLabel() {
        let plan = GatePlan(.all([.quota(Self.quota), Self.saturation]))
        let over = [0: GatePlan.Answer(.go, classification: .overflow)]
        guard case .done(let decision) = plan.step(GateRequest(), [Self.asked, Self.closed], over) else {
            Issue.record("not decided")
            return
        }
        #expect(decision.reason == .gateClosed)
        #expect(decision.classification == .overflow)
    }

    @Test
    func waitsWhereItWouldRefuse() {
        #expect(verdict(.waitOnRefuse(Self.saturation), [Self.closed]) == .wait(why: "full"))
        #expect(verdict(.waitOnRefuse(Self.saturation), [Self.open]) == .go)
    }

    struct Tier: Sendable {
        var classification: RequestClass?
        var tier: String?
        let verdict: GateVerdict
    }

    static let tooMany = GateVerdict.drop(
        payload: #"{"error": "Too Many Requests", "code": 429}"#, why: "full")

    @Test(arguments: [
        Tier(classification: .reserved, tier: "interactive", verdict: .wait(why: "full")),
        Tier(classification: .reserved, tier: "batch", verdict: .wait(why: "full")),
        Tier(classification: .overflow, tier: "interactive", verdict: tooMany),
        Tier(classification: .overflow, tier: "async", verdict: .refuse(why: "full")),
        Tier(classification: .overflow, tier: "batch", verdict: .refuse(why: "full")),
        Tier(classification: nil, tier: "interactive", verdict: .refuse(why: "full")),
        Tier(classification: nil, tier: nil, verdict: .refuse(why: "full")),
    ])
    func treatsTiersApartWhileThePoolIsFull(_ tier: Tier) {
        let plan = GateSettings.tierAdmission(saturation: Self.saturation, tierLabel: "class")
        let request = GateRequest(
            labels: tier.tier.map { ["class": $0] } ?? [:], classification: tier.classification)
        #expect(verdict(plan, [Self.closed], of: request) == tier.verdict)
        #expect(verdict(plan, [Self.open], of: request) == .go)
    }

    @Test
    func seesTheClassThatAQuotaBeforeItGave() {
        let plan = GateSettings.all([
            .quota(Self.quota), .tierAdmission(saturation: Self.saturation, tierLabel: "tier"),
        ])
        let over = [0: GatePlan.Answer(.go, classification: .overflow)]
        let request = GateRequest(labels: ["tier": "interactive"], classification: .reserved)
        #expect(verdict(plan, [Self.asked, Self.closed], over, of: request) == Self.tooMany)
    }

    @Test
    func tellsWhatItHasToKnow() {
        let plan = GatePlan(
            .all([
                .quota(Self.quota), .waitOnRefuse(.tierAdmission(saturation: Self.saturation, tierLabel: "tier")),
            ]))
        #expect(plan.attributes == ["userid"])
        #expect(plan.labels == ["tier"])
        #expect(plan.judgesEach && plan.needsServer)
        #expect(plan.leaves.map(\.place) == ["composite[0]", "composite[1].wait-on-refuse.tier-priority-admission"])
        #expect(!GatePlan(Self.saturation).judgesEach)
    }

    @Test
    func takesTheLeastOfItsCaps() {
        let plan = GatePlan(.all([Self.saturation, .localConcurrency(LocalConcurrencySettings(limit: 3))]))
        let findings = [
            GatePlan.Finding(GateState(cap: 7, why: "a")), GatePlan.Finding(GateState(cap: 3, why: "b")),
        ]
        #expect(plan.state(findings) == GateState(cap: 3, why: "b"))
    }

    @Test
    func makesKeysAsLLMDAsyncDoes() {
        #expect(Self.quota.key(for: "alice") == "quota:userid:alice")
        #expect(Self.quota.key(for: "") == "quota:userid:")
        #expect(Self.quota.key(for: String(repeating: "x", count: 5000)).utf8.count == 1013)
    }
}
