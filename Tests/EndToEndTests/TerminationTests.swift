import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// SIGTERM before anything works: at the start, without peers, without a queue server.
    struct TerminationTests {
        /// Linking takes some milliseconds before main begins; then there is nothing to drain, and the signal's default
        /// ends the process.
        @Test(.timeLimit(.minutes(2)), arguments: ["ingest", "dispatch", "retry", "emit"])
        func drainsWheneverInItsLifeItIsAsked(stage: String) async throws {
            let flags = try lonely(stage)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for delay in [0, 5, 10, 20, 30, 40, 60, 80, 120, 200, 500] {
                    group.addTask {
                        try await withProcess(stage, flags) { process in
                            try await Task.sleep(for: .milliseconds(delay))
                            try await process.signal(SIGTERM)
                            let status = try await process.exitStatus(within: .seconds(20))
                            let log = await process.logText()
                            if log.isEmpty {
                                #expect([0, 128 + SIGTERM].contains(status), "\(delay) ms")
                            } else {
                                #expect(status == 0, "\(delay) ms: \(log)")
                                #expect(log.contains("Draining"))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test(.timeLimit(.minutes(1)), arguments: ["ingest", "emit"])
        func drainsWhileItsQueueServerIsAway(stage: String) async throws {
            try await withProcess(stage, lonely(stage)) { process in
                try await eventually("it says that it waits") {
                    await process.logText().contains("does not answer") ? true : nil
                }
                try await process.signal(SIGTERM)
                #expect(try await process.exitStatus(within: .seconds(5)) == 0)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func hearsSignalsThatWhoeverStartedItHasBlocked() async throws {
            let folder = try temporaryDirectory()
            let process = StageProcess(
                "retry", executable: URL(filePath: "/usr/bin/env"),
                arguments: ["--block-signal=SIGTERM", try builtExecutable("retry").path] + (try lonely("retry")),
                directory: folder)
            try await process.start()
            try await eventually("it is up") { await process.logText().contains("Started") ? true : nil }
            try await process.signal(SIGTERM)
            #expect(try await process.exitStatus(within: .seconds(10)) == 0)
            await process.end()
            try FileManager.default.removeItem(at: folder)
        }

        /// Flags of a stage that has no peers and no queue server.
        private func lonely(_ stage: String) throws -> [String] {
            var flags = ["--metrics-port", "0", "--redis.addr", "127.0.0.1:\(try freePort())"]
            if stage != "ingest" { flags += ["--listen", "tcp://127.0.0.1:*"] }
            if stage != "emit" { flags += ["--acks", "tcp://127.0.0.1:*"] }
            for peer in ["dispatch", "retry", "emit"] { flags += ["--\(peer)", "tcp://127.0.0.1:\(try freePort())"] }
            return flags
        }
    }
}
