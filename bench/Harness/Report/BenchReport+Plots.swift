extension BenchReport {
    /// Rate against concurrency with a gateway that takes 100 ms; `nil` if less than two were measured.
    package var concurrencyPlot: Plot? {
        let points = cells.compactMap { cell -> (x: Double, y: Double)? in
            guard let name = cell.name.wholeMatch(of: /delay-(\d+)/)?.1, let places = Double(name),
                let rate = cell["rate"]?.median
            else { return nil }
            return (places, rate)
        }.sorted { $0.x < $1.x }
        guard points.count > 1 else { return nil }
        let ideal = points.map { (x: $0.x, y: $0.x * 1000 / Double(DelayCell.delay)) }
        return Plot(
            "Rate before a gateway that takes \(DelayCell.delay) ms", x: "requests at the gateway at once",
            y: "requests per second", xTicks: points.map(\.x),
            lines: [.init("measured", points), .init("ideal", ideal, isDashed: true)])
    }

    /// Added latency against load; `nil` if less than two loads were measured.
    package var latencyPlot: Plot? {
        let cells = cells.filter { $0["added p99"] != nil }.sorted {
            ($0["rate"]?.median ?? 0) < ($1["rate"]?.median ?? 0)
        }
        guard cells.count > 1 else { return nil }
        func line(_ name: String) -> Plot.Line {
            .init(name, cells.map { ($0["rate"]?.median ?? 0, $0["added \(name)"]?.median ?? 0) })
        }
        return Plot(
            "Latency that the pipeline adds", x: "requests per second", y: "milliseconds",
            xTicks: [10, 100, 1000, 2000, 5000, 10_000, 20_000, 50_000],
            lines: [line("p50"), line("p99"), line("p99.9")])
    }
}
