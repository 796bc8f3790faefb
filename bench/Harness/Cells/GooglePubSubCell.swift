import Processes
import TestServers

/// Pub/Sub's emulator before a gateway that answers at once, and what the emulator gives to a client that has nothing
/// else to do.
package struct GooglePubSubCell: Cell {
    package let name = "gcp-pubsub"
    package let summary = "queue `gcp-pubsub` on the emulator, instant gateway, 128 concurrent"
    let requests: Int

    package init(requests: Int = 20_000) { self.requests = requests }

    package var obstacle: String? { GooglePubSubEmulator.isInstalled ? nil : GooglePubSubEmulator.hint }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let emulator = try await GooglePubSubEmulator()
        let count = bench.scaled(requests)
        let text = RequestText(size: 500, deadline: bench.deadline)
        // Java is fast at what it has done some thousand times: first it gets used to its work.
        _ = try await bareRush(count, text, GooglePubSubLoad(emulator, "trial"))
        let before = try await bareRush(count, text, GooglePubSubLoad(emulator, "before"))
        let load = try GooglePubSubLoad(emulator, "pipeline")
        try load.put(0..<count, text)
        var layout = PipelineLayout(queueFlags: load.flags(gateway: nginx.url))
        layout.environment = load.environment
        // Pub/Sub works in calls of a hundred messages: more than that must be under way, or one side waits for the other.
        layout.concurrency = 128
        let rush = try await load.consuming { results in
            try await bench.withStages(layout, gateway: nginx, server: emulator.processIdentifier) { rig in
                let measured = rig.measured
                return try await onThread { try watch(measured, until: count, count: results) }
            }
        }
        // Once more, since it may have become faster yet.
        let after = try await bareRush(count, text, GooglePubSubLoad(emulator, "after"))
        emulator.kill()
        let bare = ((before.curve.rate ?? 0) + (after.curve.rate ?? 0)) / 2
        let rate = rush.curve.rate ?? 0
        return [
            Figure("bare client", bare, "requests/s"), Figure("of bare client", rate / bare * 100, "%"),
            Figure("cpu redis, bare client", after.cpuMicroseconds(of: "redis"), "µs"),
        ] + rush.figures
    }

    /// What a bare client does, as the consumer of its results sees it.
    private func bareRush(_ count: Int, _ text: RequestText, _ load: GooglePubSubLoad) async throws -> Rush {
        try load.put(0..<count, text)
        return try await load.consuming { results in
            async let work: Void = BareGooglePubSub(load).run(count)
            let emulator = load.emulator.processIdentifier.map { (part: "redis", pid: $0) }
            let rush = try await onThread {
                try watch([emulator].compactMap(\.self), until: count, count: results)
            }
            try await work
            return rush
        }
    }
}
