import PipelineMetrics
import Synchronization
import Testing

struct MetricsRegistryTests {
    private func text(_ registry: MetricsRegistry) -> String {
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test
    func writesFamiliesByNameAndSeriesByLabels() {
        let registry = MetricsRegistry()
        registry.gauge("b_open", help: "Open.", labels: [("link", "y")]).set(2)
        registry.gauge("b_open", help: "Open.", labels: [("link", "x")]).set(1.5)
        registry.counter("a_total", help: "All.").increment(by: 3)
        #expect(
            text(registry) == """
                # HELP a_total All.
                # TYPE a_total counter
                a_total 3
                # HELP b_open Open.
                # TYPE b_open gauge
                b_open{link="x"} 1.5
                b_open{link="y"} 2

                """)
    }

    @Test
    func appendsToWhatStandsInTheBuffer() {
        var bytes = Array("# before\n".utf8)
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "All.").increment()
        registry.emit(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("# before\n# HELP a_total"))
    }

    @Test
    func escapesLabelsAndHelp() throws {
        let registry = MetricsRegistry()
        let odd = "a\\b\"c\nd{},=é"
        registry.counter("a_total", help: "Back\\slash\nand line.", labels: [("queue", odd)]).increment()
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        let exposition = try Exposition(bytes)
        #expect(exposition.value("a_total", ["queue": odd]) == 1)
        #expect(exposition.help["a_total"] == "Back\\\\slash\\nand line.")
    }

    @Test
    func givesTheSameHandleForTheSameNameAndLabels() {
        let registry = MetricsRegistry()
        let first = registry.counter("a_total", help: "All.", labels: [("queue", "q")])
        let again = registry.counter("a_total", help: "All.", labels: [("queue", "q")])
        let other = registry.counter("a_total", help: "All.", labels: [("queue", "r")])
        first.increment()
        again.increment(by: 2)
        #expect(first.value == 3)
        #expect(other.value == 0)
    }

    @Test
    func countsBucketsCumulatively() throws {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("t_millis", help: "Time.", labels: [("queue", "q")], limits: [10, 25.5])
        for value in [1.0, 10, 10.5, 25.5, 26, 1e9] { histogram.observe(value) }
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        let exposition = try Exposition(bytes)
        #expect(exposition.types["t_millis"] == "histogram")
        #expect(exposition.value("t_millis_bucket", ["queue": "q", "le": "10"]) == 2)
        #expect(exposition.value("t_millis_bucket", ["queue": "q", "le": "25.5"]) == 4)
        #expect(exposition.value("t_millis_bucket", ["queue": "q", "le": "+Inf"]) == 6)
        #expect(exposition.value("t_millis_count", ["queue": "q"]) == 6)
        #expect(exposition.value("t_millis_sum", ["queue": "q"]) == 1_000_000_073)
        #expect(histogram.total == (6, 1_000_000_073))
    }

    @Test(arguments: [(1.0, "1"), (-0.5, "-0.5"), (1e18, "1000000000000000000"), (.infinity, "+Inf"), (.nan, "NaN")])
    func writesNumbersAsPrometheusReadsThem(value: Double, expected: String) {
        let registry = MetricsRegistry()
        registry.gauge("g", help: "G.").set(value)
        #expect(text(registry).hasSuffix("\ng \(expected)\n"))
    }

    @Test
    func readsGaugesWhenAsked() {
        let registry = MetricsRegistry()
        let room = Mutex(1)
        let box = Box(room)
        registry.gauge("room", help: "Room.") { Double(box.value) }
        registry.counter("frames_total", help: "Frames.") { Double(box.value * 10) }
        #expect(text(registry).contains("\nroom 1\n"))
        box.value = 7
        #expect(text(registry).contains("\nroom 7\n"))
        #expect(text(registry).contains("\nframes_total 70\n"))
    }

    @Test
    func letsALaterReaderTakeThePlaceOfAnEarlierOne() {
        let registry = MetricsRegistry()
        registry.gauge("room", help: "Room.") { 1 }
        registry.gauge("room", help: "Room.") { 2 }
        #expect(text(registry).hasSuffix("gauge\nroom 2\n"))
    }

    @Test
    func forgetsARemovedSeriesAndItsFamilyWithTheLast() {
        let registry = MetricsRegistry()
        registry.gauge("age", help: "Age.", labels: [("peer", "a")]).set(1)
        registry.gauge("age", help: "Age.", labels: [("peer", "b")]).set(2)
        registry.remove("age", labels: [("peer", "a")])
        #expect(text(registry).hasSuffix("gauge\nage{peer=\"b\"} 2\n"))
        registry.remove("age", labels: [("peer", "b")])
        #expect(text(registry).isEmpty)
    }

    @Test
    func losesNoIncrementOfManyThreads() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "All.")
        let gauge = registry.gauge("g", help: "G.")
        let histogram = registry.histogram("h", help: "H.", limits: [1])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5_000 {
                        counter.increment()
                        gauge.add(1)
                        histogram.observe(2)
                    }
                }
            }
        }
        #expect(counter.value == 20_000)
        #expect(gauge.value == 20_000)
        #expect(histogram.total == (20_000, 40_000))
    }
}

private final class Box: Sendable {
    private let mutex: Mutex<Int>
    init(_ mutex: consuming Mutex<Int>) { self.mutex = mutex }
    var value: Int {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
}
