import Foundation
import GatewaySimulator
import Processes
import Testing

/// Waits for the process to end well.
func expectSuccess(of process: StageProcess) async throws {
    let status = try await process.exitStatus(within: .seconds(100))
    let log = await process.logText()
    #expect(status == 0, "\(log)")
}

/// A folder with a gateway, in which `apctl run` is called.
struct ApctlRun: Sendable {
    let directory: URL
    let gateway: GatewaySimulator

    var repository: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// Starts a run over `input` with its results in this folder.
    ///
    /// - Parameter gateway: its flags; `nil` for the endpoint of completions.
    func start(
        _ input: URL, _ flags: [String], gateway: [String]? = nil, environment: [String: String] = [:]
    ) async throws -> StageProcess {
        let gateway = gateway ?? ["--gateway", self.gateway.completions]
        let process = StageProcess(
            "apctl", executable: try builtExecutable("apctl"),
            arguments: ["run", input.path, "--results", output.path] + gateway + flags,
            environment: ["AP_BACKOFF_BASE": "0.05", "AP_BACKOFF_MAX": "0.5"].merging(environment) { $1 },
            directory: directory)
        try await process.start()
        return process
    }

    /// Starts shell commands, in which `$APCTL` and `$GATEWAY` are known.
    func shell(_ commands: String) async throws -> StageProcess {
        let process = StageProcess(
            "shell", executable: URL(filePath: "/bin/sh"), arguments: ["-c", "cd '\(directory.path)'; \(commands)"],
            environment: ["APCTL": try builtExecutable("apctl").path, "GATEWAY": gateway.url], directory: directory)
        try await process.start()
        return process
    }

    /// Writes lines into a file of this folder.
    func file(_ name: String, _ lines: [String]) throws -> URL {
        let url = directory.appending(path: name)
        try (lines.joined(separator: "\n") + "\n").write(to: url, atomically: true, encoding: .utf8)
        return url
    }

    func text(_ name: String) -> String {
        (try? String(contentsOf: directory.appending(path: name), encoding: .utf8)) ?? ""
    }

    func results() throws -> [[String: Any]] {
        guard let text = try? String(contentsOf: output, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    var output: URL { directory.appending(path: "out.jsonl") }
}

func withApctl(
    latency: Latency = .fixed(.zero), script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
    _ body: (ApctlRun) async throws -> Void
) async throws {
    let folder = try temporaryDirectory()
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        try await body(ApctlRun(directory: folder, gateway: gateway))
    }
    try FileManager.default.removeItem(at: folder)
}
