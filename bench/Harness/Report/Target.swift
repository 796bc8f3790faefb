/// What the pipeline is meant to reach.
package struct Target: Sendable {
    enum Source: Sendable {
        case figure(_ cell: String, _ name: String)
        /// The first over the second.
        case ratio(_ first: String, _ second: String, _ name: String)
    }

    enum Bound: Sendable {
        case atLeast(Double)
        case atMost(Double)
    }

    package let what: String
    let source: Source
    let bound: Bound
    let unit: String

    package static let all: [Target] = [
        Target("instant gateway, append-only off", .figure("instant", "rate"), .atLeast(20_000), "requests/s"),
        Target("instant gateway, `everysec`", .figure("instant-everysec", "rate"), .atLeast(15_000), "requests/s"),
        Target("CPU over the four stages", .figure("instant", "cpu stages"), .atMost(60), "µs"),
        Target("100 ms gateway, 64 concurrent", .figure("delay-64", "of ideal"), .atLeast(99.5), "%"),
        Target("100 ms gateway, 1,024 concurrent", .figure("delay-1024", "of ideal"), .atLeast(90), "%"),
        Target("added latency at 100/s, p99", .figure("latency-low", "added p99"), .atMost(2), "ms"),
        Target("added latency at half the highest rate, p99", .figure("latency-50", "added p99"), .atMost(5), "ms"),
        Target("idle, all four stages", .figure("idle", "cpu stages"), .atMost(0.5), "% of a core"),
        Target(
            "peak memory of a stage, 1,024 in flight", .figure("delay-1024", "memory, largest stage"), .atMost(64),
            "MiB"),
        Target("4 MiB payloads, of what libcurl moves alone", .figure("payload-4m", "of libcurl"), .atLeast(50), "%"),
        Target("Pub/Sub, of what a bare client gets", .figure("gcp-pubsub", "of bare client"), .atLeast(70), "%"),
        Target("watched, of what it does unwatched", .figure("observed", "of without"), .atLeast(95), "%"),
        Target("two dispatch processes over one", .ratio("dispatch-2", "delay-64", "rate"), .atLeast(1.95), "×"),
    ]

    init(_ what: String, _ source: Source, _ bound: Bound, _ unit: String) {
        self.what = what
        self.source = source
        self.bound = bound
        self.unit = unit
    }

    package var wanted: String {
        switch bound {
        case .atLeast(let limit): "≥ \(Numbers.text(limit)) \(unit)"
        case .atMost(let limit): "≤ \(Numbers.text(limit)) \(unit)"
        }
    }

    /// `nil` if a report does not say.
    package func measured(_ report: BenchReport) -> Series? {
        switch source {
        case .figure(let cell, let name): return report.series(cell, name)
        case .ratio(let first, let second, let name):
            guard let first = report.series(first, name), let second = report.series(second, name), second.median > 0
            else { return nil }
            return Series(name: name, unit: unit, values: first.values.map { $0 / second.median })
        }
    }

    /// Whether the median keeps the bound.
    package func isMet(by series: Series) -> Bool {
        switch bound {
        case .atLeast(let limit): series.median >= limit
        case .atMost(let limit): series.median <= limit
        }
    }
}
