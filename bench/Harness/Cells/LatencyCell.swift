import Processes
import TestServers

/// What the pipeline adds to the gateway's time, under a load that does not wait for it.
package struct LatencyCell: Cell {
    package enum Load: Sendable, Equatable {
        /// Requests per second.
        case rate(Double)
        /// Of the rate that the cell `instant` has reached.
        case share(Double)
    }

    package let name: String
    let load: Load
    /// Seconds.
    let duration: Double
    /// Seconds whose requests are not counted.
    private static let warmUp = 0.5

    package init(_ name: String, _ load: Load, duration: Double) {
        self.name = name
        self.load = load
        self.duration = duration
    }

    package var summary: String {
        switch load {
        case .rate(let rate): "\(Numbers.text(rate)) requests/s, evenly spaced"
        case .share(let share): "\(Numbers.text(share * 100)) % of the highest rate, evenly spaced"
        }
    }

    package var needs: String? { if case .share = load { "instant" } else { nil } }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let rate = try rate(bench)
        let gateway = try GatewayProcess(bench)
        let queue = try await RedisSortedSetLoad(.off)
        let text = RequestText(size: 500, deadline: bench.deadline)
        let layout = PipelineLayout(queueFlags: queue.flags(gateway: gateway.url))
        return try await bench.withStages(layout, gateway: gateway, server: queue.redis.processIdentifier) { rig in
            // The links stand, and every page has been touched.
            try queue.put(0..<200, text)
            _ = try watch(rig.measured, until: 200, count: try queue.counter())
            try queue.clear()
            _ = try gateway.takeLog()
            Monotonic.sleep(milliseconds: 200)
            let open = OpenLoop(rate: rate, count: max(20, Int((duration * bench.scale + Self.warmUp) * rate)))
            return try await measure(open, text, queue, gateway, rig)
        }
    }

    private func measure(
        _ open: OpenLoop, _ text: RequestText, _ queue: RedisSortedSetLoad, _ gateway: GatewayProcess, _ rig: Rig
    ) async throws -> [Figure] {
        let url = queue.redis.url
        let port = queue.redis.port
        let begin = try Clocks(rig.measured)
        let start = Monotonic.now + 20_000_000
        async let results = onThread { try ResultReader(url: url, count: open.count).run() }
        async let sent = onThread { try open.run(text, redisPort: port, from: start) }
        let (put, seen) = (try await sent, try await results)
        let end = try Clocks(rig.measured)
        let cpu = end.parts.merging(begin.parts) { $0 - $1 }
        let visits = try gateway.takeLog().visits
        guard visits.count == open.count else {
            throw ProcessFailure("\(visits.count) of \(open.count) at the gateway")
        }
        let first = min(Int(Self.warmUp * open.rate), open.count / 2)
        let journeys = (first..<open.count).map {
            Journey(put: put[$0], arrived: visits[$0].arrived, answered: visits[$0].answered, seen: seen[$0])
        }
        guard journeys.allSatisfy(\.isWhole) else { throw ProcessFailure("a request was somewhere before it was sent") }
        let late = (first..<open.count).map { Double(put[$0] - start - open.due($0)) / 1e6 }
        let stages = Pipeline.stages.reduce(0) { $0 + Double(cpu[$1] ?? 0) }
        return [Figure("rate", open.rate, "requests/s")] + figures(of: journeys) + [
            Figure("producer late p99", Percentiles(late).value(99), "ms"),
            Figure("cpu stages", stages / 1000 / Double(open.count), "µs"),
            Figure(CellResult.elsewhere, end.elsewhere(since: begin) * 100, "% of the machine"),
        ]
    }

    private func figures(of journeys: [Journey]) -> [Figure] {
        let parts: [(String, KeyPath<Journey, Double>)] = [
            ("added", \.added), ("to the gateway", \.there), ("from the gateway", \.back),
        ]
        return parts.flatMap { name, path in
            let values = Percentiles(journeys.map { $0[keyPath: path] })
            return [("p50", 50), ("p99", 99), ("p99.9", 99.9)].map { Figure("\(name) \($0)", values.value($1), "ms") }
        }
    }

    private func rate(_ bench: Surroundings) throws(ProcessFailure) -> Double {
        switch load {
        case .rate(let rate): return rate
        case .share(let share):
            guard let highest = bench.known["instant/rate"] else {
                throw ProcessFailure("\(name) needs the cell instant before it, to know the highest rate")
            }
            return share * highest
        }
    }
}
