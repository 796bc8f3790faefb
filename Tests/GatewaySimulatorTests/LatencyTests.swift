import Testing

@testable import GatewaySimulator

struct LatencyTests {
    @Test(arguments: [
        ("100ms", Latency.fixed(.milliseconds(100))), ("0", .fixed(.zero)), ("1.5s", .fixed(.milliseconds(1500))),
        ("250us", .fixed(.microseconds(250))), ("uniform:50ms,200ms", .uniform(.milliseconds(50), .milliseconds(200))),
        ("normal:1s,100ms", .normal(mean: .seconds(1), deviation: .milliseconds(100))),
        ("exponential:20ms", .exponential(mean: .milliseconds(20))),
        ("lognormal:100ms,0.5", .lognormal(median: .milliseconds(100), spread: 0.5)),
    ])
    func readsEveryDistribution(text: String, latency: Latency) { #expect(Latency(text) == latency) }

    @Test(arguments: [
        "", "100", "-1s", "fast", "ms", "nan s", "2h", "uniform:200ms,50ms", "uniform:50ms", "gauss:1s,1s",
        "lognormal:1s,-1",
        "exponential:", "normal:1s,1s,1s", "infs",
    ])
    func refusesWhatIsNone(text: String) { #expect(Latency(text) == nil) }

    /// Means of 20,000 samples, in milliseconds.
    @Test(arguments: [
        ("100ms", 100.0), ("uniform:50ms,150ms", 100), ("normal:100ms,10ms", 100), ("exponential:100ms", 100),
        ("lognormal:100ms,0.5", 113.3),
    ])
    func hasTheMeanItSays(text: String, mean: Double) throws {
        let latency = try #require(Latency(text))
        var random = GatewayRandom(seed: 1)
        let samples = (0..<20_000).map { _ in latency.sample(&random) }
        let total = samples.reduce(Duration.zero, +)
        #expect(abs(total / .milliseconds(20_000) - mean) < mean * 0.03)
        #expect(samples.allSatisfy { $0 >= .zero })
    }

    @Test
    func aNormalDistributionIsCutAtZero() throws {
        var random = GatewayRandom(seed: 1)
        let latency = Latency.normal(mean: .milliseconds(1), deviation: .milliseconds(10))
        #expect((0..<1000).allSatisfy { _ in latency.sample(&random) >= .zero })
    }
}
