import GateRules
import Gates
import Loop
import TestServers
import Testing

@PipelineActor
struct ScrapeTests {
    private func settings(
        _ exporter: Exporter, _ change: (inout EndpointScrapeSettings) -> Void = { _ in }
    ) -> EndpointScrapeSettings {
        var settings = EndpointScrapeSettings(url: exporter.metrics, metric: "vllm:num_requests_waiting")
        settings.maxCountPerPod = 20
        change(&settings)
        return settings
    }

    private let name = "vllm:num_requests_waiting"

    @Test(.timeLimit(.minutes(1)))
    func followsThePage() async throws {
        let exporter = try await Exporter("\(name) 0\n")
        let bench = try Bench(.scrape(settings(exporter)))
        try await bench.expect(.open)
        #expect(bench.state.cap == 20)
        exporter.show("\(name) 15\n")
        bench.inFlight = 4
        try await eventually("a quarter") { bench.state.cap == 9 }
        #expect(bench.status?.value == 0.25)
        exporter.show("\(name) 20\n")
        try await bench.expect(.closed, "nothing starts at 0 or less")
        #expect(bench.state.cap == 0)
        exporter.show("# TYPE \(name) gauge\n\(name) 0\n")
        try await bench.expect(.open)
        await bench.stop()
        #expect(bench.log.count("A gate is closed") == 1)
        #expect(bench.changes > 3)
    }

    @Test(.timeLimit(.minutes(1)))
    func isShutWhileThePageIsAwayOrSlowOrWrong() async throws {
        let exporter = try await Exporter("\(name) 0\n")
        let bench = try Bench(.scrape(settings(exporter)))
        try await bench.expect(.open)
        exporter.set { $0.status = 500 }
        try await bench.expect(.shut, "HTTP status 500")
        exporter.set { $0.status = 200 }
        try await bench.expect(.open)
        exporter.show("<html>\n")
        try await bench.expect(.shut, "has no metric \(name)")
        exporter.show("\(name) NaN\n")
        try await bench.expect(.shut, "is nan")
        exporter.show("\(name) 0\n")
        try await bench.expect(.open)
        exporter.set { $0.delay = .seconds(30) }
        try await bench.expect(.shut, "timed out")
        exporter.set { $0.delay = .zero }
        try await bench.expect(.open)
        exporter.stop()
        try await bench.expect(.shut)
        #expect(bench.state.isClosed)
        try await exporter.start()
        try await bench.expect(.open)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesTheFallbackAndSaysThatItIsInert() async throws {
        let exporter = try await Exporter("other 0\n")
        let bench = try Bench(.scrape(settings(exporter) { $0.fallback = 1 }))
        try await bench.expect(.inert, "lets everything through")
        #expect(bench.state.cap == nil)
        #expect(bench.verdict() == .go)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func multipliesByThePodsThatAreReady() async throws {
        let exporter = try await Exporter("\(name) 5\nready_pods{name=\"p\"} 2\n")
        let bench = try Bench(
            .scrape(
                settings(exporter) {
                    $0.maxCountPerPod = 5
                    $0.pods = .init(url: exporter.metrics, metric: "ready_pods")
                    $0.pods?.labels = ["name": "p"]
                }))
        try await bench.expect(.open)
        #expect(bench.state.cap == 5)
        exporter.show("\(name) 5\nready_pods{name=\"p\"} 0\n")
        try await bench.expect(.shut, "no pod is ready")
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func takesTheValueForAnAbsentMetric() async throws {
        let exporter = try await Exporter("other 0\n")
        let bench = try Bench(.scrape(settings(exporter) { $0.absentValue = 0 }))
        try await bench.expect(.open)
        exporter.set { $0.status = 503 }
        try await bench.expect(.shut, "HTTP status 503")
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func startsNoMoreThanPlacesWereFreeInOneReading() async throws {
        let exporter = try await Exporter("\(name) 17.5\n")
        // One reading lasts as long as the test.
        let bench = try Bench(.scrape(settings(exporter) { $0.admission = .counted }), interval: .seconds(3600))
        try await bench.expect(.open)
        #expect(bench.state.starts == 2)
        var verdicts: [GateVerdict?] = []
        for _ in 0..<3 { verdicts.append(bench.verdict()) }
        #expect(verdicts[..<2] == [.go, .go])
        #expect(verdicts[2] != .go)
        #expect(bench.state.isClosed)
        let decisions = await bench.admit("a")
        #expect(decisions[0].verdict != .go)
        #expect(exporter.requests.count == 1)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func asksOnceForGatesThatReadTheSame() async throws {
        let exporter = try await Exporter("\(name) 0\n")
        let gate = GateSettings.scrape(settings(exporter))
        let bench = try Bench(.all([gate, .waitOnRefuse(gate)]), interval: .seconds(3600))
        try await eventually("both are open") {
            bench.gates?.statuses.allSatisfy { $0.condition == .open } == true
        }
        #expect(bench.gates?.statuses.map(\.place) == ["composite[0]", "composite[1].wait-on-refuse"])
        #expect(exporter.requests.count == 1)
        await bench.stop()
    }
}
