import Foundation
import Processes
import TestServers

/// What being watched costs: `/metrics` asked every second, one request in a hundred traced, and a tap that nobody reads,
/// against the same without, turn by turn.
package struct ObservedCell: Cell {
    package let name = "observed"
    package let summary = "metrics asked every second, 1 % traced, an idle tap; against without"
    let requests: Int

    package init(requests: Int = 100_000) { self.requests = requests }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        // Whatever drifts does so for both.
        var rates: [Bool: [Double]] = [:]
        var costs: [Bool: [Double]] = [:]
        for (turn, isObserved) in [false, true, true, false].enumerated() {
            let rush = try await rush(bench, in: "turn-\(turn)", isObserved: isObserved)
            rates[isObserved, default: []].append(rush.curve.rate ?? 0)
            costs[isObserved, default: []].append(rush.stageMicroseconds)
        }
        func mean(_ values: [Double]?) -> Double { (values ?? []).reduce(0, +) / Double(max(1, values?.count ?? 0)) }
        let (plain, observed) = (mean(rates[false]), mean(rates[true]))
        return [
            Figure("rate", observed, "requests/s"), Figure("rate without", plain, "requests/s"),
            Figure("of without", observed / plain * 100, "%"), Figure("cpu stages", mean(costs[true]), "µs"),
            Figure("cpu stages without", mean(costs[false]), "µs"),
        ]
    }

    private func rush(_ bench: Surroundings, in name: String, isObserved: Bool) async throws -> Rush {
        var bench = bench
        bench.folder.append(path: name)
        try FileManager.default.createDirectory(at: bench.folder, withIntermediateDirectories: true)
        let nginx = try Nginx(folder: bench.folder)
        let queue = try await RedisSortedSetLoad(.off)
        let count = bench.scaled(requests)
        try queue.put(0..<count, RequestText(size: 500, deadline: bench.deadline))
        var layout = PipelineLayout(queueFlags: queue.flags(gateway: nginx.url))
        if isObserved { layout.observation = try Observation(collector: "http://127.0.0.1:\(nginx.port)") }
        let scraper = try layout.observation?.scraper(folder: bench.folder)
        do {
            let rush = try await bench.withStages(
                layout, gateway: nginx, server: queue.redis.processIdentifier
            ) { rig in
                try await scraper?.start()
                return try watch(rig.measured, until: count, count: try queue.counter())
            }
            await scraper?.end()
            return rush
        } catch {
            await scraper?.end()
            throw error
        }
    }
}

/// How stages are watched.
package struct Observation: Sendable {
    /// By stage; with one dispatch only.
    let ports: [String: Int]
    /// Takes spans, and answers 200 to anything.
    let collector: String

    init(collector: String) throws {
        ports = try Dictionary(uniqueKeysWithValues: Pipeline.stages.map { ($0, try freePort()) })
        self.collector = collector
    }

    func flags(of stage: String, folder: URL) -> [String] {
        ["--metrics-port", "\(ports[stage] ?? 0)", "--tap", "ipc://\(folder.appending(path: "\(stage).tap").path)"]
    }

    var environment: [String: String] {
        [
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01",
        ]
    }

    /// Asks all stages for their metrics, again and again.
    func scraper(folder: URL) throws -> StageProcess {
        let pages = ports.values.map { "http://127.0.0.1:\($0)/metrics" }.joined(separator: " ")
        return StageProcess(
            "scraper", executable: try installedProgram("bash"),
            arguments: ["-c", "while :; do curl -s \(pages) >/dev/null; sleep 1; done"], directory: folder)
    }
}
