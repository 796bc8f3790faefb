import Forecasts
import Primitives
import Testing

/// What is forecast an hour into a night, and what then happens.
struct SimulatedNightTests {
    /// Batches with their deadlines, in hours.
    struct Plan: CustomTestStringConvertible {
        let name: String
        /// How many, and when they are due.
        let batches: [(count: Int, due: ClosedRange<Double>)]
        var failing = 0.0
        var isByArrival = false

        var testDescription: String { name }

        func deadlines(_ random: inout SplitMix64) -> [Double] {
            batches.flatMap { batch in
                (0..<batch.count).map { _ in Double.random(in: batch.due, using: &random) * 3600 }
            }
        }
    }

    /// Sixteen slots of forty seconds: 1,440 requests in an hour.
    private static let (slots, latency) = (16, 40.0)

    static let lost = [
        Plan(name: "one batch that is too large", batches: [(12_000, 6...6)]),
        Plan(name: "by far too large", batches: [(20_000, 6...6)]),
        Plan(name: "the first is too large, and there is time after it", batches: [(5_000, 2...2), (3_000, 8...8)]),
        Plan(name: "the second is too large because of the first", batches: [(4_000, 4...4), (4_000, 5...5)]),
        Plan(name: "a fifth of the attempts fail", batches: [(9_000, 6...6)], failing: 0.2),
        Plan(name: "half of the attempts fail", batches: [(6_000, 6...6)], failing: 0.5),
        Plan(name: "urgent ones came later", batches: [(4_000, 9...9), (3_000, 4...4)], isByArrival: true),
        Plan(name: "mixed, by arrival", batches: [(12_000, 3...8)], isByArrival: true),
    ]
    /// Late from the first minute on: what is started has little time left, and much of it is broken off.
    static let overload = Plan(name: "spread deadlines", batches: [(14_000, 0...8)])
    static let made = [
        Plan(name: "one batch with time to spare", batches: [(7_000, 6...6)]),
        Plan(name: "several", batches: [(2_000, 2...2), (2_000, 4...4), (2_000, 6...6)]),
        Plan(name: "spread deadlines", batches: [(8_000, 2...8)]),
        Plan(name: "a fifth of the attempts fail", batches: [(5_500, 6...6)], failing: 0.2),
        Plan(name: "by arrival", batches: [(3_000, 4...4), (3_000, 6...6)], isByArrival: true),
    ]

    private func night(_ plan: Plan, seed: UInt64) -> Night {
        var random = SplitMix64(seed: seed)
        var night = Night(
            deadlines: plan.deadlines(&random), slots: Self.slots, latency: Self.latency, failing: plan.failing,
            isByArrival: plan.isByArrival, seed: seed)
        night.run(until: 3600)
        return night
    }

    @Test(arguments: lost, [1, 2] as [UInt64])
    func countsThoseThatWillMissTheirDeadlines(plan: Plan, seed: UInt64) throws {
        let night = night(plan, seed: seed)
        let actual = Double(night.missedFromNow(slots: Self.slots))
        let forecast = Double(try #require(night.forecast.atRisk))
        #expect(actual > 300, "the plan is one that fails")
        // Where few of many are missed, the rate would have to be known to a hundredth.
        let tolerance = max(0.1 * actual, 0.03 * Double(night.waitingCount))
        #expect(abs(forecast - actual) <= tolerance, "\(forecast) were forecast, \(actual) missed their deadlines")
    }

    /// The rate itself depends on how many are broken off, and changes all the time: too many are named, not too few.
    @Test(arguments: [1, 2] as [UInt64])
    func namesNotTooFewInALastingOverload(seed: UInt64) throws {
        let night = night(Self.overload, seed: seed)
        let actual = Double(night.missedFromNow(slots: Self.slots))
        let forecast = Double(try #require(night.forecast.atRisk))
        #expect(actual > 5_000)
        #expect(forecast > 0.9 * actual, "\(forecast) were forecast, \(actual) missed their deadlines")
    }

    @Test(arguments: made, [1, 2] as [UInt64])
    func findsNoneAtRiskWhenAllWillBeMade(plan: Plan, seed: UInt64) {
        let night = night(plan, seed: seed)
        #expect(night.missedFromNow(slots: Self.slots) == 0, "the plan is one that works")
        #expect(night.forecast.atRisk == 0)
    }

    /// With a tenth more all are made but a few, with a tenth less they are not.
    @Test(arguments: lost.filter { !$0.name.hasPrefix("mixed") }, [1, 2] as [UInt64])
    func namesTheSlotsThatWouldBeNeeded(plan: Plan, seed: UInt64) throws {
        let night = night(plan, seed: seed)
        let slots = Double(try #require(night.forecast.slotsRequired))
        let waiting = Double(night.waitingCount)
        #expect(slots > Double(Self.slots))
        #expect(Double(night.missedFromNow(slots: Int((slots * 1.1).rounded(.up)))) < 0.005 * waiting)
        #expect(Double(night.missedFromNow(slots: Int((slots * 0.9).rounded(.down)))) > 0.005 * waiting)
    }

    @Test(arguments: made, [1, 2] as [UInt64])
    func saysHowLongItTakes(plan: Plan, seed: UInt64) throws {
        let night = night(plan, seed: seed)
        let (eta, actual) = (try #require(night.forecast.eta), night.secondsLeft)
        #expect(abs(eta - actual) <= 0.1 * actual, "\(eta) s were forecast, it took \(actual) s")
    }
}
