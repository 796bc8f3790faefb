import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// `apctl status` and real stages.
    struct StatusTests {
        @Test(.timeLimit(.minutes(2)))
        func succeedsOnceAllStagesAreReadyAndNamesTheOneThatIsGone() async throws {
            let stages = ["ingest", "dispatch", "retry", "emit"]
            let ports = try Dictionary(uniqueKeysWithValues: stages.map { ($0, try freePort()) })
            let arguments = ports.flatMap { ["--\($0)", "\($1)"] }
            try await withRun(ids(1), own: ports.mapValues { ["--metrics-port", "\($0)"] }) { run in
                try await run.waitForResults(1)
                let text = try await eventually("all stages are ready") {
                    let answer = try status(arguments)
                    return answer.status == 0 ? answer.output : nil
                }
                #expect(text.hasSuffix("All 4 stages are ready.\n"))
                #expect(text.contains(/ingest \S+ at \S+: ready, running for \d+ s\n/))
                #expect(text.contains("Link ingest-dispatch, "))

                try await run.pipeline["retry"].signal(SIGKILL)
                let away = try status(arguments)
                #expect(away.status == 1)
                #expect(away.output.contains("retry at http://127.0.0.1:\(ports["retry"] ?? 0): no answer: "))
                #expect(away.output.hasSuffix("of 4 stages are ready.\n"))
            }
        }

        private func status(_ arguments: [String]) throws -> Ended {
            try runToEnd(builtExecutable("apctl"), ["status"] + arguments, withErrors: false)
        }
    }
}
