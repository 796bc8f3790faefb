import TestServers

/// A gateway that takes 100 ms, and how much of the time its places are taken.
package struct DelayCell: Cell {
    static let delay = 100
    package let name: String
    /// Requests at the gateway at once, for each dispatch process.
    let concurrency: Int
    let dispatches: Int

    package init(_ name: String, concurrency: Int, dispatches: Int = 1) {
        self.name = name
        self.concurrency = concurrency
        self.dispatches = dispatches
    }

    package var summary: String {
        "gateway takes \(Self.delay) ms, \(concurrency) concurrent"
            + (dispatches > 1 ? " at each of \(dispatches)" : "")
    }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let gateway = try GatewayProcess(bench, delay: Self.delay)
        let queue = try await RedisSortedSetLoad(.off)
        let places = concurrency * dispatches
        // Three turns to start, three at the end, and as many as take three seconds between.
        let count = places * (6 + max(2, bench.scaled(30)))
        try queue.put(0..<count, RequestText(size: 500, deadline: bench.deadline))
        var layout = PipelineLayout(queueFlags: queue.flags(gateway: gateway.url))
        layout.concurrency = concurrency
        layout.dispatches = dispatches
        return try await bench.withStages(layout, gateway: gateway, server: queue.redis.processIdentifier) { rig in
            let rush = try watch(rig.measured, until: count, count: try queue.counter())
            let rate = rush.curve.rate(turnsOf: places, warmUp: 3 * places, tail: 2 * places) ?? 0
            let ideal = Double(places) * 1000 / Double(Self.delay)
            let late = try gateway.takeLog().visits.map { Double($0.answered - $0.arrived) / 1e6 - Double(Self.delay) }
            return [
                Figure("rate", rate, "requests/s"), Figure("of ideal", rate / ideal * 100, "%"),
                Figure("gateway late", late.reduce(0, +) / Double(late.count), "ms"),
            ]
                + rush.figures.dropFirst()
        }
    }
}
