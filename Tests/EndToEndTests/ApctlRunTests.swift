import Foundation
import GatewaySimulator
import Processes
import Testing

extension EndToEnd {
    /// `apctl run` with the real stages.
    struct ApctlRunTests {
        @Test(.timeLimit(.minutes(2)))
        func answersEveryLineOfTheExample() async throws {
            try await withApctl(latency: .fixed(.milliseconds(5)), script: Faults.some) { apctl in
                let input = apctl.repository.appending(path: "examples/reviews.jsonl")
                let process = try await apctl.start(input, ["--concurrency", "16", "--table"])
                try await expectSuccess(of: process)
                let results = try apctl.results()
                #expect(results.count == 200)
                let ids = results.compactMap { $0["id"] as? String }
                #expect(Set(ids).count == 200)
                #expect(results.allSatisfy { $0["status_code"] as? Int == 200 })
                #expect(await process.logText().contains("review-0"))
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func answersOpenAIBatchLinesInTheirOwnFormat() async throws {
            try await withApctl { apctl in
                let input = apctl.repository.appending(path: "examples/batch.jsonl")
                let process = try await apctl.start(input, [])
                try await expectSuccess(of: process)
                let results = try apctl.results()
                #expect(results.count == 10)
                for result in results {
                    let response = result["response"] as? [String: Any]
                    #expect(response?["status_code"] as? Int == 200)
                    #expect(response?["body"] is [String: Any])
                    #expect(result["custom_id"] is String)
                }
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: [SIGTERM, SIGKILL])
        func goesOnWhereItWasInterrupted(signal: Int32) async throws {
            try await withApctl(latency: .fixed(.milliseconds(30))) { apctl in
                let input = apctl.directory.appending(path: "requests.jsonl")
                let lines = ids(400).map { #"{"id":"\#($0)","payload":\#(oddPayload($0))}"# }
                try (lines.joined(separator: "\n") + "\n").write(to: input, atomically: true, encoding: .utf8)
                let first = try await apctl.start(input, ["--concurrency", "8"])
                try await eventually("some results") { try apctl.results().count > 40 ? true : nil }
                try await first.signal(signal)
                #expect(try await first.exitStatus(within: .seconds(60)) != 0)
                #expect(try apctl.results().count < 400)
                let second = try await apctl.start(input, ["--concurrency", "8"])
                try await expectSuccess(of: second)
                let found = try apctl.results().compactMap { $0["id"] as? String }
                #expect(found.count == 400)
                #expect(Set(found) == Set(ids(400)))
            }
        }
    }
}
