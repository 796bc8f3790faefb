import GateRules
import Gates
import Loop
import Testing

@PipelineActor
struct SettingTests {
    private let host = GateHost(inFlight: { _ in 0 }, slots: { _ in 8 })

    @Test
    func refusesAnAddressThatNoClientUnderstands() {
        let settings = [(GateOwner.queue("a"), GateSettings.redis(RedisBudgetSettings(address: "rediss://x")))]
        #expect {
            _ = try Gates(settings, options: GateOptions(), host: host, logger: Lines().logger)
        } throws: { error in
            "\(error)".contains("queue a") && "\(error)".contains("TLS")
        }
    }

    @Test
    func refusesAGateOfPrometheusWithoutAPrometheus() {
        let settings = [(GateOwner.queue("a"), GateSettings.query(PrometheusQuerySettings(query: "up")))]
        #expect(throws: GateSettingsError.self) {
            _ = try Gates(settings, options: GateOptions(), host: host, logger: Lines().logger)
        }
    }

    @Test
    func asksOnceASecondWhereNothingIsToBeKept() {
        #expect(GateOptions(cacheTime: .zero).interval == .seconds(1))
        #expect(GateOptions().interval == .seconds(5))
        #expect(GateOptions(cacheTime: .seconds(60)).timeout == .seconds(5))
    }

    @Test
    func capsWithoutAnySource() throws {
        let bench = try Bench(.localConcurrency(LocalConcurrencySettings(limit: 3)))
        #expect(bench.state.cap == 3)
        #expect(bench.state.allows(inFlight: 2) && !bench.state.allows(inFlight: 3))
        #expect(bench.condition == .open)
        #expect(bench.verdict() == .go)
        let open = try Bench(.constant)
        #expect(open.state == GateState())
        #expect(open.gates?.statuses.isEmpty == true)
    }
}
