package import Processes

/// Everything that is measured, in the order in which it is.
package enum Cells {
    package static let all: [any Cell] = [
        InstantCell("instant", "append-only off"),
        InstantCell("instant-everysec", "append-only file, synced every second", .everysec),
        InstantCell("instant-always", "append-only file, synced before every answer", .always),
        InstantCell("instant-tokens", "append-only off, requests with cancellation tokens", hasToken: true),
        InstantCell("instant-tcp", "append-only off, stages linked by TCP", usesTCP: true),
        DelayCell("delay-8", concurrency: 8),
        DelayCell("delay-64", concurrency: 64),
        DelayCell("delay-256", concurrency: 256),
        DelayCell("delay-1024", concurrency: 1024),
        DelayCell("dispatch-2", concurrency: 64, dispatches: 2),
        DelayCell("dispatch-4", concurrency: 64, dispatches: 4),
        PayloadCell("payload-500", size: 500, concurrency: 64, requests: 40_000),
        PayloadCell("payload-16k", size: 16 << 10, concurrency: 64, requests: 10_000),
        PayloadCell("payload-256k", size: 256 << 10, concurrency: 16, requests: 1000),
        PayloadCell("payload-4m", size: 4 << 20, concurrency: 8, requests: 64),
        LatencyCell("latency-low", .rate(100), duration: 5),
        LatencyCell("latency-10", .share(0.1), duration: 4),
        LatencyCell("latency-50", .share(0.5), duration: 4),
        LatencyCell("latency-90", .share(0.9), duration: 4),
        SQLiteCell(),
        RedisPubSubCell(),
        GooglePubSubCell(),
        ObservedCell(),
        IdleCell(),
        WrkCell(),
        CurlCell(),
        RedisCell(),
        ZeroMQCell(),
    ]

    /// Cells of these names, or whose names begin with them; all if there are none.
    ///
    /// With the cell whose rate others take a share of, where one of those is named.
    package static func named(_ names: [String]) throws(ProcessFailure) -> [any Cell] {
        if names.isEmpty { return all }
        func isNamed(_ cell: any Cell, _ name: String) -> Bool {
            cell.name == name || (cell.name.hasPrefix(name) && !all.contains { $0.name == name })
        }
        for name in names where !all.contains(where: { isNamed($0, name) }) {
            throw ProcessFailure("no cell is named \(name)")
        }
        let wanted = all.filter { cell in names.contains { isNamed(cell, $0) } }
        let needed = wanted.compactMap(\.needs)
        return all.filter { cell in needed.contains(cell.name) || wanted.contains { $0.name == cell.name } }
    }
}
