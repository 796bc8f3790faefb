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

/// Waits for the process to end well.
private func expectSuccess(of process: StageProcess) async throws {
    let status = try await process.exitStatus(within: .seconds(100))
    let log = await process.logText()
    #expect(status == 0, "\(log)")
}

/// A folder with a gateway, in which `apctl run` is called.
private struct ApctlRun: Sendable {
    let directory: URL
    let gateway: GatewaySimulator

    var repository: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// Starts a run over `input` with its results in this folder.
    func start(_ input: URL, _ flags: [String]) async throws -> StageProcess {
        let process = StageProcess(
            "apctl", executable: try builtExecutable("apctl"),
            arguments: ["run", input.path, "--gateway", gateway.completions, "--results", output.path] + flags,
            environment: ["AP_BACKOFF_BASE": "0.05", "AP_BACKOFF_MAX": "0.5"], directory: directory)
        try await process.start()
        return process
    }

    func results() throws -> [[String: Any]] {
        guard let text = try? String(contentsOf: output, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    private var output: URL { directory.appending(path: "out.jsonl") }
}

private func withApctl(
    latency: Latency = .fixed(.zero), script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
    _ body: (ApctlRun) async throws -> Void
) async throws {
    let folder = try temporaryDirectory()
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        try await body(ApctlRun(directory: folder, gateway: gateway))
    }
    try FileManager.default.removeItem(at: folder)
}
