import Chaos
import Foundation
import Processes
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
            let cell = try #require(try Matrix.cells(named: [name]).first).shortened(to: 4000)
            let folder = URL(filePath: "/tmp/ap-chaos-\(UInt32.random(in: 0 ... .max))")
            let seed = UInt64.random(in: 1...999_999)
            let run = MatrixRun(
                seed: seed, queue: .redisSortedSet, folder: folder, executables: builtExecutable, say: { _ in })
            let report = try await run.run(cell)
            #expect(report.failures == [], "seed \(seed): \(report.details.joined(separator: "\n"))")
            if report.hasPassed { try FileManager.default.removeItem(at: folder) }
        }
    }
}
