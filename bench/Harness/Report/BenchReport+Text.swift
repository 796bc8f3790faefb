import Foundation
import Reports

extension BenchReport {
    /// The whole report in Markdown; parts of which nothing was measured are left out.
    package var text: String {
        let versions = versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let parts: [(String, TextTable)] = [
            ("Targets", targets), ("As fast as it goes (instant gateway, 64 concurrent)", rates),
            ("Google Cloud Pub/Sub, on its emulator", pubsub), ("A gateway that takes 100 ms", delays),
            ("Payloads", payloads), ("Added latency, ms", latencies),
            ("Watched and unwatched", observed), ("Idle", idle), ("Ceilings", ceilings),
        ]
        let tables = parts.filter { !$1.isEmpty }.map { "### \($0)\n\n\($1.text)" }
        return (["\(origin) \(versions)."] + tables).joined(separator: "\n\n")
    }

    /// What was wanted and what was measured, for those who read no further.
    package var summary: String { "\(origin)\n\n\(targets.text)" }

    private var origin: String {
        let day = date.formatted(.iso8601.year().month().day())
        let memory = "\(Int((Double(machine.memory) / 1024).rounded())) GiB"
        return "\(day), source \(commit); \(machine.cores) cores (\(machine.processor)), \(memory), Linux "
            + "\(machine.kernel). Medians of \(runs) runs, with the lowest and the highest.\(disturbances)"
    }

    private var disturbances: String {
        let names = cells.filter(\.isDisturbed).map(\.name)
        if names.isEmpty { return "" }
        return " **Something else took more than 5 % of the machine during " + names.joined(separator: ", ") + ".**"
    }

    private var targets: TextTable {
        var table = TextTable(["what", "target", "measured", "met"])
        for target in Target.all {
            guard let series = target.measured(self) else { continue }
            table.add([target.what, target.wanted, Numbers.text(series), target.isMet(by: series) ? "yes" : "**no**"])
        }
        return table
    }

    private var rates: TextTable {
        var table = TextTable([
            "cell", "requests/s", "CPU µs per request: stages", "ingest", "dispatch", "retry", "emit", "Redis",
            "gateway",
            "largest stage",
        ])
        for cell in cells where cell.name.hasPrefix("instant") || cell.name == "sqlite" || cell.name == "redis-pubsub" {
            table.add(
                ["\(cell.name): \(cell.summary)", cell.range("rate"), cell.range("cpu stages")]
                    + (Pipeline.stages + ["redis", "nginx"]).map { cell.median("cpu \($0)") }
                    + [cell.median("memory, largest stage", "MiB")])
        }
        return table
    }

    /// How much of what the emulator gives to a client that does nothing else.
    private var pubsub: TextTable {
        var table = TextTable([
            "cell", "requests/s", "bare client, requests/s", "of bare client, %", "CPU µs per request: stages",
            "emulator", "emulator with the bare client", "largest stage",
        ])
        for cell in cells where cell["of bare client"] != nil {
            table.add([
                cell.summary, cell.range("rate"), cell.range("bare client"), cell.range("of bare client"),
                cell.range("cpu stages"), cell.median("cpu redis"), cell.median("cpu redis, bare client"),
                cell.median("memory, largest stage", "MiB"),
            ])
        }
        return table
    }

    private var delays: TextTable {
        var table = TextTable(["cell", "requests/s", "of ideal, %", "CPU µs per request", "largest stage"])
        for cell in cells where cell["of ideal"] != nil {
            table.add([
                cell.summary, cell.range("rate"), cell.range("of ideal"), cell.median("cpu stages"),
                cell.median("memory, largest stage", "MiB"),
            ])
        }
        return table
    }

    private var payloads: TextTable {
        var table = TextTable(["payload", "MiB/s", "libcurl alone, MiB/s", "of libcurl, %", "largest stage"])
        for cell in cells where cell["of libcurl"] != nil {
            table.add([
                cell.summary, cell.range("throughput"), cell.median("libcurl alone"), cell.range("of libcurl"),
                cell.median("memory, largest stage", "MiB"),
            ])
        }
        return table
    }

    private var latencies: TextTable {
        let parts = ["added", "to the gateway", "from the gateway"]
        var table = TextTable(
            ["load", "requests/s"] + parts.flatMap { ["\($0) p50", "p99", "p99.9"] } + [
                "CPU µs per request", "producer late, p99",
            ])
        for cell in cells where cell["added p99"] != nil {
            table.add(
                [cell.summary, cell.median("rate")]
                    + parts.flatMap { part in ["p50", "p99", "p99.9"].map { cell.range("\(part) \($0)") } }
                    + [cell.median("cpu stages"), cell.median("producer late p99")])
        }
        return table
    }

    private var observed: TextTable {
        var table = TextTable(["cell", "requests/s", "without", "of without, %", "CPU µs per request", "without"])
        for cell in cells where cell["of without"] != nil {
            table.add([
                cell.summary, cell.range("rate"), cell.range("rate without"), cell.range("of without"),
                cell.median("cpu stages"), cell.median("cpu stages without"),
            ])
        }
        return table
    }

    private var idle: TextTable {
        var table = TextTable(["% of a core", "stages", "ingest", "dispatch", "retry", "emit", "Redis"])
        for cell in cells where cell.name == "idle" {
            table.add(
                [cell.summary, cell.range("cpu stages")]
                    + (Pipeline.stages + ["redis"]).map { cell.median("cpu \($0)") })
        }
        return table
    }

    /// What each part does alone, and how much of that the pipeline reached.
    private var ceilings: TextTable {
        let pipeline = series("instant", "rate")?.median
        var table = TextTable(["alone on this machine", "per second", "`instant` as a share of it"])
        for cell in cells where cell.name.hasPrefix("ceiling") {
            for series in cell.series where series.unit.hasSuffix("/s") {
                let name = cell.series.count > 2 ? "\(cell.summary): \(series.name)" : cell.summary
                let share = pipeline.map { Numbers.text($0 / series.median * 100) + " %" }
                table.add([name, Numbers.text(series), share ?? "–"])
            }
        }
        return table
    }
}

extension CellResult {
    /// Median, lowest and highest; a dash where nothing was measured.
    fileprivate func range(_ name: String) -> String {
        guard let series = self[name] else { return "–" }
        let range = series.values.count > 1 ? " (\(Numbers.text(series.lowest))–\(Numbers.text(series.highest)))" : ""
        return Numbers.text(series.median) + range
    }

    fileprivate func median(_ name: String, _ unit: String = "") -> String {
        guard let series = self[name] else { return "–" }
        return Numbers.text(series.median) + (unit.isEmpty ? "" : " \(unit)")
    }
}
