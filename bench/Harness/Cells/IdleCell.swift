import TestServers

/// What the stages cost while nothing happens.
package struct IdleCell: Cell {
    package let name = "idle"
    package let summary = "nothing to do, for 10 s, after some work"

    package init() {}

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let queue = try await RedisSortedSetLoad(.off)
        let text = RequestText(size: 500, deadline: bench.deadline)
        try queue.put(0..<1000, text)
        let layout = PipelineLayout(queueFlags: queue.flags(gateway: nginx.url))
        return try await bench.withStages(layout, gateway: nginx, server: queue.redis.processIdentifier) { rig in
            _ = try watch(rig.measured, until: 1000, count: try queue.counter())
            Monotonic.sleep(milliseconds: 1000)
            let begin = (time: Monotonic.now, cpu: try cpuTimes(rig.measured))
            Monotonic.sleep(milliseconds: max(100, bench.scaled(10_000)))
            let cpu = try cpuTimes(rig.measured).merging(begin.cpu) { $0 - $1 }
            let elapsed = Double(Monotonic.now - begin.time)
            func share(_ parts: [String]) -> Double {
                parts.reduce(0) { $0 + Double(cpu[$1] ?? 0) } / elapsed * 100
            }
            return [Figure("cpu stages", share(Pipeline.stages), "% of a core")]
                + (Pipeline.stages + ["redis"]).map { Figure("cpu \($0)", share([$0]), "% of a core") }
        }
    }
}
