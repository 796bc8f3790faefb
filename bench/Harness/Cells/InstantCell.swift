import Processes
import TestServers

/// `redis-sortedset` before a gateway that answers at once: as fast as the pipeline can.
package struct InstantCell: Cell {
    package let name: String
    package let summary: String
    let appendOnly: AppendOnly
    let hasToken: Bool
    let usesTCP: Bool
    let requests: Int

    package init(
        _ name: String, _ summary: String, _ appendOnly: AppendOnly = .off, hasToken: Bool = false,
        usesTCP: Bool = false, requests: Int = 50_000
    ) {
        self.name = name
        self.summary = summary
        self.appendOnly = appendOnly
        self.hasToken = hasToken
        self.usesTCP = usesTCP
        self.requests = requests
    }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let queue = try await RedisSortedSetLoad(appendOnly)
        let count = bench.scaled(requests)
        try queue.put(0..<count, RequestText(size: 500, deadline: bench.deadline, hasToken: hasToken))
        var layout = PipelineLayout(queueFlags: queue.flags(gateway: nginx.url))
        layout.usesTCP = usesTCP
        return try await bench.withStages(layout, gateway: nginx, server: queue.redis.processIdentifier) { rig in
            try watch(rig.measured, until: count, count: try queue.counter()).figures
        }
    }
}

extension Rush {
    /// Rate, CPU by part and memory by stage.
    var figures: [Figure] {
        var figures = [Figure("rate", curve.rate ?? 0, "requests/s"), Figure("cpu stages", stageMicroseconds, "µs")]
        for part in Pipeline.stages + ["redis", "nginx", "gateway"] where cpu[part] != nil {
            figures.append(Figure("cpu \(part)", cpuMicroseconds(of: part), "µs"))
        }
        let largest = Pipeline.stages.map { peakMemory[$0] ?? 0 }.max() ?? 0
        figures.append(Figure("memory, largest stage", Double(largest) / 1_048_576, "MiB"))
        for stage in Pipeline.stages {
            figures.append(Figure("memory \(stage)", Double(peakMemory[stage] ?? 0) / 1_048_576, "MiB"))
        }
        figures.append(Figure(CellResult.elsewhere, elsewhere * 100, "% of the machine"))
        return figures
    }
}
