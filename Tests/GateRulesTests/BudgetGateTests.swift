import GateRules
import Testing

struct BudgetGateTests {
    private static let fresh = BudgetRule(.free(isFresh: true), threshold: 0.1, fallback: 0)

    private static func gate(
        _ rule: BudgetRule, _ reading: GateReading, inFlight: Int = 0, processes: Int = 1
    ) -> BudgetGate {
        var gate = BudgetGate(rule)
        gate.take(reading, inFlight: inFlight, processes: processes, at: .zero)
        return gate
    }

    struct Case: Sendable, CustomStringConvertible {
        var free: Double
        var capacity: Double?
        var inFlight = 0
        var processes = 1
        let cap: Int
        var description: String { "\(free) of \(capacity ?? 64), \(inFlight) in flight, \(processes) processes" }
    }

    /// The documented example of llm-d-async: 5 pods of 10, 0.7 free, 0.1 kept: 30.
    @Test(arguments: [
        Case(free: 0.7, capacity: 50, cap: 30),
        Case(free: 0.7, capacity: 50, inFlight: 10, cap: 40),
        Case(free: 0.7, capacity: 50, inFlight: 10, processes: 3, cap: 20),
        Case(free: 0.3, cap: 12),
        Case(free: 0.3, inFlight: 5, cap: 17),
        Case(free: 0.1, inFlight: 20, cap: 0),
        Case(free: 0.05, cap: 0),
        Case(free: -3, cap: 0),
        Case(free: 0.101, capacity: 10, cap: 1),
        Case(free: 0.101, capacity: 10, inFlight: 4, cap: 4),
        Case(free: 1, capacity: 10, inFlight: 9, cap: 9),
        Case(free: 7, capacity: 1e300, cap: 1_000_000_000),
    ])
    func capsInProportionToWhatIsFree(_ test: Case) {
        let gate = Self.gate(
            Self.fresh, .value(test.free, capacity: test.capacity, from: "m"), inFlight: test.inFlight,
            processes: test.processes)
        #expect(gate.state(slots: 64, processes: test.processes).cap == test.cap)
        #expect(gate.condition == (test.cap == 0 ? .closed : .open))
    }

    @Test
    func letsNothingStartBeforeItsFirstReading() {
        var gate = BudgetGate(Self.fresh)
        #expect(gate.state(slots: 64, processes: 1).isClosed)
        gate.take(.pending, inFlight: 0, processes: 1, at: .zero)
        #expect(gate.condition == .waiting)
        #expect(gate.state(slots: 64, processes: 1).isClosed)
    }

    /// Prometheus may give one measurement many times; what has started since is not in it.
    @Test
    func countsOneMeasurementOnce() {
        let rule = BudgetRule(.free(isFresh: false), threshold: 0, fallback: 0)
        var gate = BudgetGate(rule)
        let reading = GateReading.value(0.25, from: "m")
        gate.take(reading, inFlight: 0, processes: 1, at: .zero)
        gate.take(reading, inFlight: 16, processes: 1, at: .seconds(5))
        #expect(gate.state(slots: 64, processes: 1).cap == 16)
        gate.take(.value(0.1, from: "m"), inFlight: 16, processes: 1, at: .seconds(10))
        #expect(gate.state(slots: 64, processes: 1).cap == 22)
        gate.take(.value(0.1, from: "m"), inFlight: 22, processes: 1, at: .seconds(71))
        #expect(gate.state(slots: 64, processes: 1).cap == 28)
    }

    @Test
    func takesAnOrderAsAPartOfAllSlots() {
        let rule = BudgetRule(.all, fallback: 0)
        #expect(Self.gate(rule, .value(0.5, from: "k"), inFlight: 40).state(slots: 64, processes: 1).cap == 32)
        #expect(Self.gate(rule, .value(0.5, from: "k")).state(slots: 64, processes: 2).cap == 16)
        #expect(Self.gate(rule, .value(1, from: "k")).state(slots: 64, processes: 2).cap == nil)
        #expect(Self.gate(rule, .value(0.001, from: "k")).state(slots: 64, processes: 1).cap == 1)
        #expect(Self.gate(rule, .value(0, from: "k")).state(slots: 64, processes: 1).cap == 0)
        let absent = Self.gate(rule, .missing(reason: "no key", budget: 1))
        #expect(absent.state(slots: 64, processes: 1).cap == nil)
        #expect(absent.condition == .inert)
        #expect(Self.gate(rule, .missing(reason: "away", budget: 0)).condition == .shut)
    }

    @Test(arguments: [
        (0.0, GateCondition.shut, 0 as Int?), (0.5, .inert, 32), (1, .inert, nil),
    ])
    func fallsBackAsToldAndSaysSo(_ fallback: Double, _ condition: GateCondition, _ cap: Int?) {
        let rule = BudgetRule(.free(isFresh: false), threshold: 0.2, fallback: fallback)
        for reading in [
            GateReading.missing(reason: "away"), .value(.nan, from: "m"), .value(.infinity, from: "m"),
        ] {
            let gate = Self.gate(rule, reading, inFlight: 30)
            #expect(gate.condition == condition)
            #expect(gate.state(slots: 64, processes: 1).cap == cap)
            #expect(gate.value == nil)
            #expect(gate.reason.contains("without it"))
        }
    }

    @Test
    func startsAsManyAsPlacesWereFreeAndNoMoreUntilTheNextReading() {
        let rule = BudgetRule(.places, fallback: 0)
        var gate = Self.gate(rule, .value(2.7, from: "m"))
        #expect(gate.state(slots: 64, processes: 1).starts == 2)
        let taken = (0..<3).map { _ in gate.takePlace() }
        #expect(taken == [true, true, false])
        #expect(gate.state(slots: 64, processes: 1).isClosed)
        gate.take(.value(7, from: "m"), inFlight: 2, processes: 3, at: .seconds(5))
        #expect(gate.state(slots: 64, processes: 3).starts == 2)
        gate.take(.value(1, from: "m"), inFlight: 2, processes: 3, at: .seconds(10))
        #expect(gate.state(slots: 64, processes: 3).starts == 1)
        gate.take(.value(0.9, from: "m"), inFlight: 2, processes: 1, at: .seconds(15))
        #expect(gate.condition == .closed)
        gate.take(.missing(reason: "away"), inFlight: 2, processes: 1, at: .seconds(20))
        #expect(gate.condition == .shut)
        #expect(gate.state(slots: 64, processes: 1).starts == 0)
    }

    @Test
    func knowsTheSpaceInWhichEachGateFallsBack() throws {
        let saturation = try #require(GateSettings.saturation(PrometheusSaturationSettings(pool: "p")).budgetRule)
        #expect(saturation.fallback == 1)
        #expect(abs(saturation.threshold - 0.2) < 1e-9)
        let budget = try #require(GateSettings.budget(PrometheusBudgetSettings(pool: "p")).budgetRule)
        #expect(budget.fallback == 0)
        #expect(budget.threshold == 0.05)
        #expect(try #require(GateSettings.query(PrometheusQuerySettings(query: "up")).budgetRule).fallback == 0)
        #expect(GateSettings.constant.budgetRule == nil)
    }

    @Test
    func takesTheLeastOfAllCapsAndTheWordsOfTheStrictest() {
        let open = GateState(cap: 20, why: "a")
        let tight = GateState(cap: 5, why: "b")
        #expect(open.and(tight) == GateState(cap: 5, why: "b"))
        #expect(tight.and(GateState()) == tight)
        #expect(GateState().and(tight) == tight)
        let closed = GateState(closedUntil: .seconds(3), why: "c")
        #expect(tight.and(closed) == GateState(cap: 5, closedUntil: .seconds(3), why: "c"))
        #expect(tight.allows(inFlight: 4) && !tight.allows(inFlight: 5))
        #expect(!closed.allows(inFlight: 0))
        #expect(GateState(rate: 3).and(GateState(rate: 2)).rate == 2)
    }
}
