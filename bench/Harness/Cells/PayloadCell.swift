import Processes
import TestServers

/// Payloads of one size, there and back, through the pipeline and by libcurl alone.
package struct PayloadCell: Cell {
    package let name: String
    /// Bytes of a payload and of an answer.
    let size: Int
    let concurrency: Int
    let requests: Int

    package init(_ name: String, size: Int, concurrency: Int, requests: Int) {
        self.name = name
        self.size = size
        self.concurrency = concurrency
        self.requests = requests
    }

    package var summary: String { "\(Numbers.bytes(size)) there and back, \(concurrency) concurrent" }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let count = max(2 * concurrency, bench.scaled(requests))
        let text = RequestText(payload: size, deadline: bench.deadline)
        let gateway = try GatewayProcess(bench, answerSize: size)
        let alone = try await bench.with(gateway) {
            let url = gateway.url
            let body = Array(text.payload(0).utf8)
            let concurrency = concurrency
            return try await onThread { try CurlLoop(url: url, body: body).run(count, atOnce: concurrency) }
        }
        let queue = try await RedisSortedSetLoad(.off)
        try queue.put(0..<count, text)
        var layout = PipelineLayout(queueFlags: queue.flags(gateway: gateway.url))
        layout.concurrency = concurrency
        return try await bench.withStages(layout, gateway: gateway, server: queue.redis.processIdentifier) { rig in
            let rush = try watch(rig.measured, until: count, count: try queue.counter())
            let rate = rush.curve.rate ?? 0
            let mebibytes = Double(2 * size) / 1_048_576
            return [
                Figure("throughput", rate * mebibytes, "MiB/s"),
                Figure("libcurl alone", alone.rate * mebibytes, "MiB/s"),
                Figure("of libcurl", rate / alone.rate * 100, "%"),
            ] + rush.figures
        }
    }
}
