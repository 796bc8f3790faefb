import PipelineMetrics
import Testing

struct HeldMetricsTests {
    private func read(_ registry: MetricsRegistry) throws -> Exposition {
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return try Exposition(bytes)
    }

    private func value(_ registry: MetricsRegistry, _ queue: String, _ place: HeldPlace) throws -> Double? {
        try read(registry).value(HeldMetrics.name, ["queue": queue, "place": place.rawValue])
    }

    @Test
    func showsWhatIsHeldAndZeroOnceItIsGone() throws {
        let registry = MetricsRegistry()
        var metrics = HeldMetrics(registry: registry, places: [.slot, .gateway], queues: ["a"])
        #expect(try value(registry, "a", .slot) == 0)
        var counts = HeldCounts()
        counts.add(3, of: "a", in: .slot)
        counts.add(2, of: "a", in: .slot)
        counts.add(1, of: "b", in: .gateway)
        metrics.show(counts)
        #expect(try value(registry, "a", .slot) == 5)
        #expect(try value(registry, "a", .gateway) == 0)
        #expect(try value(registry, "b", .gateway) == 1)
        metrics.show(HeldCounts())
        #expect(try value(registry, "a", .slot) == 0)
        #expect(try value(registry, "b", .gateway) == 0)
    }

    @Test
    func showsNoPlaceThatBelongsToAnotherStage() throws {
        let registry = MetricsRegistry()
        var metrics = HeldMetrics(registry: registry, places: [.outcome])
        var counts = HeldCounts()
        counts.add(1, of: "a", in: .outcome)
        metrics.show(counts)
        #expect(try read(registry).samples.map { $0.labels["place"] } == ["outcome"])
    }

    @Test
    func addsUpQueuesBeyondTheBound() throws {
        let registry = MetricsRegistry()
        var metrics = HeldMetrics(registry: registry, places: [.slot], queues: ["a"], capacity: 2)
        var counts = HeldCounts()
        for (number, queue) in ["a", "b", "c", "d"].enumerated() { counts.add(number + 1, of: queue, in: .slot) }
        for _ in 0..<3 { metrics.show(counts) }
        let samples = try read(registry).samples
        #expect(samples.reduce(0) { $0 + $1.value } == 10)
        #expect(samples.count == 3)
        #expect(try value(registry, "a", .slot) == 1)
    }
}

struct SnapshotHistogramTests {
    @Test
    func showsCountsThatGoDownAndASumOfMiddles() throws {
        let registry = MetricsRegistry()
        let histogram = registry.snapshotHistogram("near", help: "Near.", limits: [0, 10, 30])
        histogram.set([1, 3, 6], total: 8)
        var page = try read(registry)
        #expect(page.types["near"] == "histogram")
        #expect(page.samples.filter { $0.name == "near_bucket" }.map(\.value) == [1, 3, 6, 8])
        #expect(page.samples.compactMap { $0.labels["le"] } == ["0", "10", "30", "+Inf"])
        #expect(page.value("near_count", [:]) == 8)
        // One at 0, two at 5, three at 20, two at 30.
        #expect(page.value("near_sum", [:]) == 130)
        registry.snapshotHistogram("near", help: "Near.", limits: [0, 10, 30]).set([0, 0, 0], total: 0)
        page = try read(registry)
        #expect(page.value("near_count", [:]) == 0)
        #expect(page.value("near_sum", [:]) == 0)
    }

    @Test
    func keepsWhatItShowsWhenItIsGivenSomethingElse() throws {
        let registry = MetricsRegistry()
        let histogram = registry.snapshotHistogram("near", help: "Near.", limits: [0, 10])
        histogram.set([1, 2], total: 2)
        histogram.set([1, 2, 3], total: 9)
        #expect(try read(registry).value("near_count", [:]) == 2)
    }

    private func read(_ registry: MetricsRegistry) throws -> Exposition {
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return try Exposition(bytes)
    }
}
