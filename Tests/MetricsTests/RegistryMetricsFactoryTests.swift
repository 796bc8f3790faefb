import CoreMetrics
import PipelineMetrics
import Testing

struct RegistryMetricsFactoryTests {
    private let registry = MetricsRegistry()
    private var factory: RegistryMetricsFactory { RegistryMetricsFactory(registry: registry) }

    private func read() throws -> Exposition {
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return try Exposition(bytes)
    }

    @Test
    func showsWhatALibraryReports() throws {
        CoreMetrics.Counter(label: "http.requests", dimensions: [("status-code", "200")], factory: factory)
            .increment(by: 2)
        Meter(label: "2nd", factory: factory).set(4)
        CoreMetrics.Gauge(label: "depth", factory: factory).record(3)
        Recorder(label: "sizes", dimensions: [], aggregate: true, factory: factory).record(0.3)
        Timer(label: "wait", factory: factory).recordMilliseconds(20)
        let exposition = try read()
        #expect(exposition.value("http_requests", ["status_code": "200"]) == 2)
        #expect(exposition.value("_2nd") == 4)
        #expect(exposition.value("depth") == 3)
        #expect(exposition.value("sizes_bucket", ["le": "0.25"]) == 0)
        #expect(exposition.value("sizes_bucket", ["le": "0.5"]) == 1)
        #expect(exposition.value("wait_seconds_bucket", ["le": "0.01"]) == 0)
        #expect(exposition.value("wait_seconds_bucket", ["le": "0.025"]) == 1)
    }

    @Test
    func goesOnCountingWhenALibraryAsksAgain() throws {
        for _ in 0..<3 { CoreMetrics.Counter(label: "polls", factory: factory).increment() }
        #expect(try read().value("polls") == 3)
    }

    @Test
    func leavesOurOwnSeriesAloneWhenANameIsTaken() throws {
        registry.gauge("open", help: "Ours.").set(5)
        CoreMetrics.Counter(label: "open", factory: factory).increment(by: 100)
        CoreMetrics.Gauge(label: "open", factory: factory).record(100)
        let exposition = try read()
        #expect(exposition.value("open") == 5)
        #expect(exposition.samples.count == 1)
    }
}
