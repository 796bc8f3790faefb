import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What the executables do before they have work, and how they end.
    struct ProgramTests {
        @Test(
            .timeLimit(.minutes(1)),
            arguments: [
                ("ingest", ["--no-such-flag"], "--no-such-flag"),
                ("dispatch", ["--concurrency", "none"], "--concurrency"),
                ("dispatch", ["--concurrency", "0"], "--concurrency"),
                ("dispatch", ["--concurrency", "900000"], "--concurrency"),
                ("dispatch", ["--gateway-token-file", "/nonexistent"], "--gateway-token-file"),
                ("retry", ["--backoff", "quadratic"], "--backoff"),
                ("emit", ["--message-queue-impl", "carrier-pigeon"], "--message-queue-impl"),
                ("ingest", ["--message-queue-impl", "gcp-pubsub"], "--pubsub.project-id"),
                ("ingest", ["--queues-config-file", "/nonexistent"], "--queues-config-file"),
                ("ingest", ["--dispatch", "tcp://192.0.2.1:5557"], "--acks"),
                ("retry", ["--tap", "carrier://pigeon"], "--tap"),
                ("retry", ["--tap", "ipc:///nonexistent/tap"], "--tap"),
            ])
        func endsWith64AndNamesTheFlagThatMakesNoSense(stage: String, flags: [String], name: String) async throws {
            try await withProcess(stage, ["--metrics-port", "0"] + flags) { process in
                let status = try await process.exitStatus(within: .seconds(20))
                #expect(status == 64)
                #expect(await process.logText().contains(name))
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func endsWith1WhenAPortIsTaken() async throws {
            let port = try freePort()
            let flags = ["--listen", "tcp://127.0.0.1:\(port)", "--metrics-port", "0", "--acks", "tcp://127.0.0.1:*"]
            try await withProcess("retry", flags) { first in
                try await eventually("the first is up") { await first.logText().contains("Started") ? true : nil }
                try await withProcess("retry", flags) { second in
                    let status = try await second.exitStatus(within: .seconds(20))
                    #expect(status == 1)
                    #expect(await second.logText().contains("\(port)"))
                }
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func waitsForAQueueServerThatIsAwayAtTheStart() async throws {
            let port = try freePort()
            let flags = ["--redis.addr", "127.0.0.1:\(port)", "--listen", "tcp://127.0.0.1:*", "--metrics-port"]
            let metrics = try freePort()
            try await withProcess("emit", flags + ["\(metrics)"]) { emit in
                try await eventually("it says that it waits") {
                    await emit.logText().contains("does not answer") ? true : nil
                }
                let ready = try await get("http://127.0.0.1:\(metrics)/readyz")
                #expect(ready.status == 503)
                #expect(try await get("http://127.0.0.1:\(metrics)/healthz").status == 200)
                let before = try await emit.cpuTime()
                try await Task.sleep(for: .seconds(3))
                #expect(try await emit.cpuTime() - before < .milliseconds(60))
                let said = await emit.logText().components(separatedBy: "does not answer").count - 1
                #expect(said == 1)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func endsAtOnceOnASignalMoreThanASecondAfterTheFirst() async throws {
            // An inference that takes long keeps dispatch draining.
            try await withRun(["a"], script: { _ in .silent }) { run in
                try await eventually("the attempt") { run.gateway.requests().isEmpty ? nil : true }
                let dispatch = try run.pipeline["dispatch"]
                try await dispatch.signal(SIGTERM)
                try await eventually("it drains") { await dispatch.logText().contains("Draining") ? true : nil }
                let drained = ContinuousClock.now
                try await eventually("it ends", within: .seconds(5)) {
                    try await dispatch.signal(SIGTERM)
                    return await dispatch.isRunning ? nil : true
                }
                #expect(ContinuousClock.now - drained > .milliseconds(500), "signals that come together are one")
                #expect(try await dispatch.exitStatus(within: .seconds(5)) == 1)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func showsItsStateOverHTTP() async throws {
            let metrics = try freePort()
            try await withRun(ids(20), own: ["dispatch": ["--metrics-port", "\(metrics)"]]) { run in
                try await run.waitForResults(20)
                let base = "http://127.0.0.1:\(metrics)"
                try await eventually("dispatch is ready") {
                    try await get(base + "/readyz").text == "{\"status\":\"ready\"}\n" ? true : nil
                }
                let status = try await get(base + "/status").text
                #expect(status.contains("dispatch-emit"))
                #expect(status.contains("--concurrency"))
                let text = try await get(base + "/metrics").text
                #expect(text.contains(#"async_processor_stalled{reason="no_peers"} 0"#))
                #expect(text.contains("llm_d_async_async_queue_residence_time_millis_count{"))
                #expect(text.contains("llm_d_async_async_successful_requests_total{"))
                #expect(text.contains(#"async_processor_link_sent_total{link="dispatch-emit"} 20"#))
            }
        }

        private func get(_ url: String) async throws -> (status: Int, text: String) {
            let output = try capture("/usr/bin/curl", ["-s", "-w", "\n%{http_code}", url])
            let parts = output.split(separator: "\n", omittingEmptySubsequences: false)
            return (Int(parts.last ?? "") ?? 0, parts.dropLast().joined(separator: "\n"))
        }
    }
}

/// Starts one executable, runs `body`, and ends it.
func withProcess(_ name: String, _ flags: [String], _ body: (StageProcess) async throws -> Void) async throws {
    let folder = try temporaryDirectory()
    let process = StageProcess(name, executable: try builtExecutable(name), arguments: flags, directory: folder)
    try await process.start()
    do {
        try await body(process)
    } catch {
        Issue.record("\(error)\n\(await process.logText())")
    }
    await process.end()
    try FileManager.default.removeItem(at: folder)
}
