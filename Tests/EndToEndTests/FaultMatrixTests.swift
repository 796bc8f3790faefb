import Chaos
import Foundation
import Processes
import Queue
import TestServers
import Testing

extension EndToEnd {
    /// A few cells of the fault matrix with fewer requests; `make chaos` runs all of it.
    struct FaultMatrixTests {
        @Test(
            .timeLimit(.minutes(2)),
            arguments: [
                "kill-dispatch", "kill-emit-all", "kill-ingest-peer", "term-everything", "redis-killed-0.1s",
                "reply-lost-emit", "links-cut", "poison",
            ])
        func keepsEveryPromise(name: String) async throws {
            try await run(name, on: .redisSortedSet)
        }

        @Test(
            .timeLimit(.minutes(3)), .enabled(if: GooglePubSubEmulator.isInstalled, "\(GooglePubSubEmulator.hint)"),
            arguments: ["kill-dispatch", "kill-emit-all", "kill-ingest-peer", "pubsub-refused-2s", "reply-lost-emit"])
        func keepsItsPromisesOnPubSub(name: String) async throws {
            try await run(name, on: .googlePubSub)
        }

        @Test(
            .timeLimit(.minutes(2)),
            arguments: ["kill-ingest-peer", "term-ingest", "reply-lost-ingest"])
        func keepsItsPromisesOnChannels(name: String) async throws {
            try await run(name, on: .redisPubSub)
        }

        private func run(_ name: String, on queue: QueueKind) async throws {
            let cells = try Matrix.cells(named: [name], among: queue.cells)
            let cell = try #require(cells.first).shortened(to: 4000)
            let folder = URL(filePath: "/tmp/ap-chaos-\(UInt32.random(in: 0 ... .max))")
            let seed = UInt64.random(in: 1...999_999)
            let run = MatrixRun(
                seed: seed, queue: queue, folder: folder, executables: builtExecutable, say: { _ in })
            let report = try await run.run(cell)
            #expect(report.failures == [], "seed \(seed): \(report.details.joined(separator: "\n"))")
            if report.hasPassed { try FileManager.default.removeItem(at: folder) }
        }
    }
}
