import Foundation
import GatewaySimulator
import Processes
import Testing

extension EndToEnd {
    /// The stages' taps, watched with `apctl tap` and with the script of the documentation.
    struct TapTests {
        @Test(.timeLimit(.minutes(1)))
        func showsOneRequestCrossEachHopInOrder() async throws {
            // The first attempt fails, so that retry has something to do.
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.attempt == 1 ? .refusal(503, retryAfter: nil) : nil
            }
            try await withTaps(script: script) { run, endpoints in
                let tap = try await startTap(
                    run, endpoints.map(\.value), ["--json", "--id", "wanted", "--count", "14"])
                try await waitForSubscriber(run)
                try run.queue.insert([request("other"), request("wanted.1")])
                #expect(try await tap.exitStatus(within: .seconds(30)) == 0)
                let copies = try await documents(tap)
                #expect(copies.allSatisfy { $0["id"] as? String == "wanted.1" })
                #expect(copies.allSatisfy { $0["payload"] == nil && $0["answer"] == nil })
                try #require(copies.count == 14)
                let leases = Set(copies.compactMap { $0["leased_at"] as? Int }).sorted()
                try #require(leases.count == 2)
                let steps = [
                    [
                        "ingest.in waiting", "ingest.out waiting", "dispatch.in waiting", "dispatch.out failed",
                        "retry.in failed", "retry.out parked", "emit.in parked", "emit.out parked",
                    ],
                    [
                        "ingest.in waiting", "ingest.out waiting", "dispatch.in waiting", "dispatch.out result",
                        "emit.in result", "emit.out result",
                    ],
                ]
                for (lease, names) in zip(leases, steps) {
                    let found = names.flatMap { times(of: $0, lease: lease, copies) }
                    #expect(found.count == names.count, "each step once")
                    #expect(found == found.sorted(), "a later step has an earlier time")
                }
                #expect(Set(copies.compactMap { $0["queue_said"] as? String }) == ["settled"])
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func sendsPayloadsOnlyWhenTheStageMay() async throws {
            try await withTaps(["dispatch": ["--tap-payloads"]]) { run, endpoints in
                let tap = try await startTap(
                    run, endpoints.map(\.value), ["--payloads", "--direction", "in", "--count", "3"])
                try await waitForSubscriber(run)
                try run.queue.insert([request("a")])
                #expect(try await tap.exitStatus(within: .seconds(30)) == 0)
                let text = await tap.logText()
                #expect(text.components(separatedBy: "| \(oddPayload("a"))\n").count == 2)
                #expect(text.contains("ingest publishes no payloads"))
                #expect(text.contains("emit publishes no payloads"))
                #expect(!text.contains("dispatch publishes no payloads"))
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func endsWithStatusZeroWhenInterrupted() async throws {
            try await withTaps() { run, endpoints in
                let tap = try await startTap(run, endpoints.map(\.value), [])
                try await waitForSubscriber(run)
                try run.queue.insert([request("a")])
                try await eventually("a copy of the end") {
                    await tap.logText().contains("result 200, settled") ? true : nil
                }
                try await tap.signal(SIGINT)
                #expect(try await tap.exitStatus(within: .seconds(10)) == 0)
                #expect(await !tap.logText().contains("\u{1B}"), "colours outside a terminal")
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func worksWithTheScriptOfTheDocumentation() async throws {
            let page = try String(contentsOf: repository().appending(path: "docs/operations.md"), encoding: .utf8)
            let block = try #require(page.firstMatch(of: /<!-- test: pyzmq -->\n```python\n(.*\n.*\n)```/))
            try await withTaps() { run, endpoints in
                let script = String(block.1)
                    .replacing("tcp://127.0.0.1:5572", with: try #require(endpoints["dispatch"]))
                let python = StageProcess(
                    "python", executable: URL(filePath: "/usr/bin/python3"), arguments: ["-c", script],
                    directory: run.pipeline.directory)
                try await python.start()
                try await waitForSubscriber(run, stages: ["dispatch"])
                try run.queue.insert([request("a")])
                do {
                    try await eventually("a line of the script", within: .seconds(20)) {
                        let text = await python.logText()
                        return text.contains("dispatch.out.requests.a {") && text.contains(#""status":200"#)
                            ? true : nil
                    }
                } catch {
                    Issue.record("\(error)\n\(await python.logText())")
                }
                await python.end()
            }
        }
    }
}

/// Starts a pipeline with a tap at each stage; `body` gets their endpoints by the name of the stage.
private func withTaps(
    _ own: [String: [String]] = [:], script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
    _ body: (SQLiteRun, [String: String]) async throws -> Void
) async throws {
    let folder = try temporaryDirectory()
    let names = ["ingest", "dispatch", "retry", "emit"]
    let endpoints = Dictionary(names.map { ($0, "ipc://\(folder.path)/\($0).tap") }) { $1 }
    let flags = endpoints.mapValues { ["--tap", $0] }.merging(own) { $0 + $1 }
    try await withRun([], script: script, own: flags) { try await body($0, endpoints) }
    try FileManager.default.removeItem(at: folder)
}

private func startTap(_ run: SQLiteRun, _ endpoints: [String], _ flags: [String]) async throws -> StageProcess {
    let tap = StageProcess(
        "tap", executable: try builtExecutable("apctl"), arguments: ["tap"] + endpoints + flags,
        directory: run.pipeline.directory)
    try await tap.start()
    return tap
}

private func waitForSubscriber(
    _ run: SQLiteRun, stages: [String] = ["ingest", "dispatch", "retry", "emit"]
) async throws {
    for name in stages {
        try await eventually("a subscriber at \(name)") {
            try await run.pipeline[name].logText().contains("Somebody listens at the tap") ? true : nil
        }
    }
}

/// The copies in the order printed.
private func documents(_ tap: StageProcess) async throws -> [[String: Any]] {
    let lines = await tap.logText().split(separator: "\n").filter { $0.hasPrefix("{") }
    return try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
}

/// When the copies of one step, such as `emit.in parked`, were made.
private func times(of step: String, lease: Int, _ copies: [[String: Any]]) -> [Int] {
    copies.compactMap { copy in
        let names = ["stage", "direction", "progress"].map { copy[$0] as? String ?? "" }
        guard step == "\(names[0]).\(names[1]) \(names[2])", copy["leased_at"] as? Int == lease else { return nil }
        return copy["time"] as? Int
    }
}

private func repository() -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
